#if !APUS_WINDOWS
  import Datapath

  /// What a datapath's port is in the host: something that packets come from and go to.
  ///
  /// A worker owns it.
  class Port {
    /// The port's number in its datapath.
    let number: DatapathPortNumber
    /// The descriptor that says when packets wait, if there is one.
    let descriptor: Descriptor?
    /// What the host does for packets that leave by this port.
    var capabilities: OffloadCapabilities { [] }

    init(number: DatapathPortNumber, descriptor: Descriptor?) {
      self.number = number
      self.descriptor = descriptor
    }

    /// Hands packets that wait to the engine, until its batch is full; returns whether more may wait.
    func receive(into engine: inout Engine) -> Bool { false }

    /// Sends what the engine queued for this port; returns how many packets went.
    func send(_ output: PortOutput, of engine: borrowing Engine) -> Int { output.count }

    /// Gives the device up.
    func close() {}
  }

  /// A port without a device: it counts what is sent to it, and tests say what it receives.
  final class DummyPort: Port {}
#endif

import Datapath

/// A datapath in the daemon's own thread: enough for dummy ports, which have no device to wait for.
final class LocalDatapath {
  private var engine: Engine
  /// Takes messages for the daemon.
  var onMessage: (([UInt8]) -> Void)?
  private let now: () -> UInt64

  init(now: @escaping () -> UInt64) {
    engine = Engine()
    self.now = now
  }

  /// Hands a request to the datapath.
  func send(_ message: [UInt8]) {
    for reply in engine.handle(message: message, nowMilliseconds: now()) { onMessage?(reply) }
    settle()
  }

  /// Lets a frame come in by a port.
  func receive(_ port: DatapathPortNumber, _ frame: [UInt8]) {
    let bytes = RawSpan(_elements: frame.span)
    if case .accepted = engine.receive(bytes, from: port) { engine.process(nowMilliseconds: now()) }
    settle()
  }

  private func settle() {
    while let output = engine.nextOutput() { engine.finishOutput(output, sent: output.count) }
    for upcall in engine.drainUpcalls() { onMessage?(upcall) }
  }
}

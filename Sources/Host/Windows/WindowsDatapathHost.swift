// What: the datapaths, as the daemon on Windows sees them. Those of real ports live in the driver, which is reached
// through its device; those without devices, for tests, run on the daemon's own thread.

#if APUS_WINDOWS
  public import Datapath
  public import PacketWire

  /// The datapaths that this daemon drives.
  public final class DatapathHost {
    /// Which datapaths have ports without devices, for tests.
    public enum DummyMode: Sendable {
      /// None.
      case none
      /// The one named `ovs-dummy`.
      case dummyType
      /// All (`--enable-dummy=override`).
      case all
    }

    private final class LocalDatapath {
      let index: Int32
      let name: [UInt8]
      let owner: EngineOwner

      init(index: Int32, name: [UInt8]) {
        self.index = index
        self.name = name
        var configuration = EngineConfiguration()
        configuration.name = String(decoding: name, as: UTF8.self)
        configuration.seed = Random.integer()
        owner = EngineOwner(configuration)
      }
    }

    /// Called with each message that a datapath sends.
    public var onMessage: (([UInt8]) -> Void)?
    /// Upcalls that the daemon was too slow to take.
    public var lostUpcallCount: UInt64 { 0 }

    private let loop: EventLoop
    private let dummyMode: DummyMode
    private var datapaths: [LocalDatapath] = []
    private var nextIndex: Int32 = 1

    /// Makes a host without datapaths.
    public init(on loop: EventLoop, dummyMode: DummyMode = .none) {
      self.loop = loop
      self.dummyMode = dummyMode
    }

    /// Sends a request to the datapath that its header names.
    public func send(_ bytes: [UInt8]) {
      guard let messages = try? Message.decode(bytes) else { return }
      for message in messages {
        var header = message.header
        var target = datapaths.first { $0.index == header.datapathIndex }
        if case .datapath(let command, let request) = message.body {
          if target == nil { target = datapaths.first { $0.name == request.name } }
          if command == .new, target == nil, let name = request.name, isDummy(name) {
            target = LocalDatapath(index: nextIndex, name: name)
            nextIndex += 1
            if let target { datapaths.append(target) }
          }
        }
        guard let target else {
          // ENODEV: the driver is not there.
          deliver([Message(header.reply(), .error(19)).encode()])
          continue
        }
        header.datapathIndex = target.index
        let now = Syscalls.monotonicNanoseconds() / 1_000_000
        deliver(
          target.owner.handle(message: Message(header, message.body).encode(), nowMilliseconds: now))
        if case .datapath(.delete, _) = message.body { datapaths.removeAll { $0 === target } }
      }
    }

    /// Lets a port without a device receive a frame.
    public func inject(_ frame: [UInt8], port: DatapathPortNumber, datapath name: String) {
      guard let datapath = datapaths.first(where: { $0.name == Array(name.utf8) }) ?? datapaths.first else {
        return
      }
      let now = Syscalls.monotonicNanoseconds() / 1_000_000
      deliver(datapath.owner.receive(frame, from: port, nowMilliseconds: now))
    }

    /// Ends all datapaths.
    public func stop() { datapaths = [] }

    private func isDummy(_ name: [UInt8]) -> Bool {
      switch dummyMode {
      case .none: false
      case .dummyType: name == Array("ovs-dummy".utf8)
      case .all: true
      }
    }

    private func deliver(_ messages: [[UInt8]]) {
      if messages.isEmpty { return }
      loop.deferWork { [self] in
        for message in messages { onMessage?(message) }
      }
    }
  }

  /// Watches the host's network devices and routes.
  ///
  /// The driver will name the ports; the switch answers for its own addresses, so no routes of the host are
  /// needed.
  public final class NetworkMonitor {
    /// Called with all devices when one has changed.
    public var onDevices: (([NetworkDevice]) -> Void)?
    /// Called with all routes when one has changed.
    public var onRoutes: (([NetworkRoute]) -> Void)?

    /// Starts to watch.
    public init(on loop: EventLoop) throws(SystemError) {
      loop.deferWork { [self] in refresh() }
    }

    /// Reports what there is.
    public func refresh() {
      onDevices?([])
      onRoutes?([])
    }

    /// Stops watching.
    public func close() {
      onDevices = nil
      onRoutes = nil
    }
  }

  /// Asks and changes what the host's network devices are.
  public enum NetworkDeviceControl {
    /// Whether a device with a name exists.
    public static func exists(_ name: String) -> Bool { false }
    /// Takes a device up or down.
    public static func setUp(_ name: String, _ isUp: Bool) throws(SystemError) { throw Syscalls.unsupported }
    /// Sets a device's largest payload.
    public static func setMaximumTransmissionUnit(_ name: String, _ byteCount: Int) throws(SystemError) {
      throw Syscalls.unsupported
    }
    /// Sets a device's Ethernet address.
    public static func setAddress(_ name: String, _ address: MACAddress) throws(SystemError) {
      throw Syscalls.unsupported
    }
  }
#endif

// What: the datapaths, as the daemon on Windows sees them. The one of real ports lives in the driver, which is reached
// through its device; those without devices, for tests, run on the daemon's own thread.
//
// How: a request is carried out when it is sent, since the driver answers at once; the answer is delivered in the loop's
// next turn. Without the driver, the datapath cannot be made, and requests to it fail with ENODEV; who watches the
// devices (`NetworkMonitor`) looks for the driver, and the switch tries again when there are any. If the driver goes while
// its datapath is in use, the switch is told that the datapath was deleted.

#if APUS_WINDOWS
  public import Datapath

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
      let engines: EngineGroup

      init(index: Int32, name: [UInt8]) {
        self.index = index
        self.name = name
        var configuration = EngineConfiguration()
        configuration.name = String(decoding: name, as: UTF8.self)
        configuration.datapathIndex = index
        configuration.seed = Random.integer()
        engines = EngineGroup(count: 1, configuration)
      }

      /// Does what a message asks; returns the answers and what goes to the daemon.
      func handle(_ message: [UInt8], nowMilliseconds: UInt64) -> [[UInt8]] {
        engines.handle(message: message, nowMilliseconds: nowMilliseconds) + settle()
      }

      /// Lets a port receive a frame; returns what goes to the daemon.
      func receive(_ frame: [UInt8], from port: DatapathPortNumber, nowMilliseconds: UInt64) -> [[UInt8]] {
        if case .accepted = engines.receive(RawSpan(_elements: frame.span), from: port, on: 0) {
          engines.process(nowMilliseconds: nowMilliseconds, on: 0)
        }
        return settle()
      }

      /// What is sent to a port without a device has arrived, and nothing follows ports that come or go.
      private func settle() -> [[UInt8]] {
        while let output = engines.nextOutput(on: 0) {
          engines.finishOutput(output, sent: output.count, on: 0)
        }
        _ = engines.takePortChanges()
        return engines.drainUpcalls(on: 0)
      }
    }

    /// The handles on the driver's device, and the datapath behind it.
    private final class DriverLink {
      let handle: DriverHandle
      let notices: DriverNotices
      let datapath: DriverDatapath

      init(_ handle: DriverHandle, _ notices: DriverNotices, _ datapath: DriverDatapath) {
        self.handle = handle
        self.notices = notices
        self.datapath = datapath
      }

      func close() {
        notices.close()
        handle.close()
      }
    }

    /// Called with each message that a datapath sends.
    public var onMessage: (([UInt8]) -> Void)?
    /// Not called: what the driver sends up comes as any message.
    public var onUpcalls: (() -> Void)?
    /// Whether there are packets that `takeUpcalls` gives.
    public var hasUpcalls: Bool { false }

    /// Nothing, since packets come as any message.
    public func takeUpcalls(maximumCount: Int) -> [[UInt8]] { [] }

    private let loop: EventLoop
    private let dummyMode: DummyMode
    private var datapaths: [LocalDatapath] = []
    private var driver: DriverLink?
    private var nextIndex: Int32 = 1

    /// Makes a host without datapaths.
    public init(on loop: EventLoop, dummyMode: DummyMode = .none) {
      self.loop = loop
      self.dummyMode = dummyMode
    }

    /// Sends a request to the datapath that its header names.
    public func send(_ bytes: [UInt8]) {
      if let family = DatapathRouting.family(of: bytes), family != .datapath {
        return route(bytes, DatapathRouting.datapathIndex(of: bytes) ?? 0)
      }
      guard let messages = try? NetlinkMessage.decode(bytes) else { return }
      for message in messages {
        guard case .datapath(let command, let request) = message.body else { continue }
        var header = message.header
        if let known = index(ofDatapathNamed: request.name) {
          header.datapathIndex = known
        } else if command == .new, let name = request.name {
          guard let made = make(name) else { return refuse(bytes) }
          header.datapathIndex = made
        }
        route(NetlinkMessage(header, message.body).encode(), header.datapathIndex)
        guard command == .delete else { continue }
        datapaths.removeAll { $0.index == header.datapathIndex }
        if driver?.datapath.index == header.datapathIndex { disconnect() }
      }
    }

    /// Lets a port without a device receive a frame.
    public func inject(_ frame: [UInt8], port: DatapathPortNumber, datapath name: String) {
      guard let datapath = datapaths.first(where: { $0.name == Array(name.utf8) }) ?? datapaths.first else {
        return
      }
      let now = AdjustableClock.milliseconds(of: Syscalls.monotonicNanoseconds())
      deliver(datapath.receive(frame, from: port, nowMilliseconds: now))
    }

    /// Ends all datapaths of this process; the driver's goes on.
    public func stop() {
      datapaths = []
      disconnect()
    }

    // MARK: Making

    private func index(ofDatapathNamed name: [UInt8]?) -> Int32? {
      guard let name else { return nil }
      if let driver, driver.datapath.name == name { return driver.datapath.index }
      return datapaths.first { $0.name == name }?.index
    }

    private func make(_ name: [UInt8]) -> Int32? {
      let index = nextIndex
      if isDummy(name) {
        datapaths.append(LocalDatapath(index: index, name: name))
      } else {
        guard driver == nil, let link = connect(name, index) else { return nil }
        driver = link
      }
      nextIndex += 1
      return index
    }

    private func connect(_ name: [UInt8], _ index: Int32) -> DriverLink? {
      do throws(SystemError) {
        let notices = try DriverNotices(.packets, on: loop)
        do throws(SystemError) {
          let handle = try DriverHandle(.atOnce)
          let conversation = try DriverConversation(handle)
          guard
            let datapath = try DriverDatapath(
              named: name, as: index, over: conversation, receiver: notices.processID)
          else {
            handle.close()
            notices.close()
            return nil
          }
          notices.onMessages = { [self] messages in
            for message in messages { onMessage?(datapath.received(message)) }
          }
          notices.onFailure = { [self] _ in lose(index) }
          return DriverLink(handle, notices, datapath)
        } catch {
          notices.close()
          return nil
        }
      } catch {
        return nil
      }
    }

    private func disconnect() {
      driver?.close()
      driver = nil
    }

    /// Tells the switch that the driver has gone.
    private func lose(_ index: Int32) {
      guard let driver, driver.datapath.index == index else { return }
      disconnect()
      var message = DatapathMessage()
      message.name = driver.datapath.name
      deliver([NetlinkMessage(NetlinkHeader(datapathIndex: index), .datapath(.delete, message)).encode()])
    }

    private func isDummy(_ name: [UInt8]) -> Bool {
      switch dummyMode {
      case .none: false
      case .dummyType: name == Array("ovs-dummy".utf8)
      case .all: true
      }
    }

    // MARK: Requests

    private func route(_ bytes: [UInt8], _ index: Int32) {
      if let driver, driver.datapath.index == index {
        do throws(SystemError) {
          deliver(try driver.datapath.carryOut(bytes))
        } catch {
          // First that the datapath is gone, so that nobody takes the answer for what it has.
          if error.isDeviceGone { lose(index) }
          refuse(
            bytes,
            with: error.isDeviceGone
              ? DatapathErrorCode.noDevice.rawValue : DatapathErrorCode.inputOutput.rawValue)
        }
      } else if let target = datapaths.first(where: { $0.index == index }) {
        let now = AdjustableClock.milliseconds(of: Syscalls.monotonicNanoseconds())
        deliver(target.handle(bytes, nowMilliseconds: now))
      } else {
        refuse(bytes)
      }
    }

    /// Answers each message with an error: by default that there is no such datapath, and then what asks for all of nothing
    /// gets that.
    private func refuse(_ bytes: [UInt8], with error: UInt32? = nil) {
      guard let messages = try? NetlinkMessage.decode(bytes) else { return }
      for message in messages {
        deliver([
          NetlinkMessage(
            message.header.reply(),
            message.header.isDump && error == nil
              ? .done : .error(error ?? DatapathErrorCode.noDevice.rawValue)
          ).encode()
        ])
      }
    }

    private func deliver(_ messages: [[UInt8]]) {
      if messages.isEmpty { return }
      loop.deferWork { [self] in
        for message in messages { onMessage?(message) }
      }
    }
  }
#endif

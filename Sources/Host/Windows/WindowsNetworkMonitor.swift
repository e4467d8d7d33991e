// What: the devices that the switch may use, as the driver names them: the NICs of the virtual switches, by the names that
// ports of the datapath are bound to. The switch answers for its own addresses, so no routes of the host are needed.
//
// How: the driver tells of ports and NICs that come, go and change; what it says is not looked at, but all devices are asked
// for anew. While there is no driver, it is looked for again and again.

#if APUS_WINDOWS
  public import Datapath
  public import PacketWire

  /// Watches the network devices that the driver has.
  public final class NetworkMonitor {
    /// Called with all devices when one has changed.
    public var onDevices: (([NetworkDevice]) -> Void)?
    /// Called with all routes when one has changed.
    public var onRoutes: (([NetworkRoute]) -> Void)?

    private let loop: EventLoop
    private var notices: DriverNotices?
    private var requests: (handle: DriverHandle, conversation: DriverConversation)?
    private var timer: TimerToken?
    private var isRefreshDue = false
    private var isClosed = false
    /// Changes come in swarms; this long after the first of one everything is asked for.
    private static let settlingMilliseconds: Int64 = 10
    /// How long after a failure the driver is looked for again: at first, and at most.
    private static let firstRetryMilliseconds: Int64 = 1000
    private static let lastRetryMilliseconds: Int64 = 8000
    private var retryMilliseconds = firstRetryMilliseconds

    /// Starts to watch; what is there is reported at the loop's next turn.
    public init(on loop: EventLoop) throws(SystemError) {
      self.loop = loop
      loop.deferWork { [self] in
        onRoutes?([])
        connect()
      }
    }

    /// Reports what there is.
    public func refresh() {
      guard !isClosed, let requests else { return }
      do throws(SystemError) {
        onDevices?(try NetworkMonitor.read(requests.conversation))
      } catch {
        disconnect()
      }
    }

    /// Stops watching.
    public func close() {
      isClosed = true
      if let timer { loop.cancel(timer) }
      timer = nil
      notices?.close()
      notices = nil
      requests?.handle.close()
      requests = nil
      onDevices = nil
      onRoutes = nil
    }

    private func connect() {
      timer = nil
      guard !isClosed else { return }
      do throws(SystemError) {
        let notices = try DriverNotices(.events, on: loop)
        notices.onMessages = { [self] _ in noticed() }
        notices.onFailure = { [self] _ in disconnect() }
        self.notices = notices
        let handle = try DriverHandle(.atOnce)
        requests = (handle, try DriverConversation(handle))
      } catch {
        return disconnect()
      }
      retryMilliseconds = Self.firstRetryMilliseconds
      refresh()
    }

    private func disconnect() {
      notices?.close()
      notices = nil
      requests?.handle.close()
      requests = nil
      guard !isClosed, timer == nil else { return }
      timer = loop.schedule(afterMilliseconds: retryMilliseconds) { [self] in connect() }
      retryMilliseconds = min(2 * retryMilliseconds, Self.lastRetryMilliseconds)
    }

    private func noticed() {
      if isRefreshDue { return }
      isRefreshDue = true
      loop.schedule(afterMilliseconds: Self.settlingMilliseconds) { [self] in
        isRefreshDue = false
        refresh()
      }
    }

    private static func read(_ conversation: DriverConversation) throws(SystemError) -> [NetworkDevice] {
      var devices: [NetworkDevice] = []
      let answers = try conversation.request(.networkDevice(NetworkDeviceMessage()), [.request, .dump])
      for answer in answers {
        guard case .networkDevice(let message) = answer.body,
          let device = NetworkDevice(message, place: devices.count)
        else { continue }
        devices.append(device)
      }
      return devices
    }
  }

  /// Asks and changes what the host's network devices are: they are Hyper-V's, and changed with its own tools.
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

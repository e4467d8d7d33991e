// What: the host's devices, addresses and routes, as they are and as they change.
//
// How: the kernel's notices (rtnetlink groups) only say that something changed; a moment later everything is asked
// for anew, so that whatever was lost or came twice makes no difference.

#if !APUS_WINDOWS
  import CLinux
  public import Datapath
  import Glibc

  /// Watches the host's network devices and routes.
  public final class NetworkMonitor {
    /// Called with all devices when one has changed.
    public var onDevices: (([NetworkDevice]) -> Void)?
    /// Called with all routes when one has changed.
    public var onRoutes: (([NetworkRoute]) -> Void)?

    private let loop: EventLoop
    private let notices: Descriptor
    private var token: WatchToken?
    private var isRefreshDue = false
    private var drivers: [UInt32: [(name: String, value: String)]] = [:]
    private var buffer = [UInt8](repeating: 0, count: 65_536)
    /// Changes come in swarms; this long after the first of one everything is asked for.
    private static let settlingMilliseconds: Int64 = 10

    /// Starts to watch; what is there is reported at the loop's next turn.
    public init(on loop: EventLoop) throws(SystemError) {
      self.loop = loop
      notices = try NetworkMonitor.openSocket()
      // RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_IFADDR, RTMGRP_IPV6_ROUTE.
      let groups: UInt32 = 1 | 0x10 | 0x40 | 0x100 | 0x400
      if apus_bind_route(notices.number, groups) < 0 {
        let error = SystemError.last
        Syscalls.close(notices)
        throw error
      }
      token = try loop.watch(notices, .readable) { [self] _ in noticed() }
      loop.deferWork { [self] in refresh() }
    }

    /// Stops watching.
    public func close() {
      guard let token else { return }
      loop.unwatch(token)
      self.token = nil
      Syscalls.close(notices)
      onDevices = nil
      onRoutes = nil
    }

    /// Asks for everything and reports it, for instance since statistics are wanted.
    public func refresh() {
      guard token != nil, let snapshot = try? read() else { return }
      onDevices?(snapshot.devices)
      onRoutes?(snapshot.routes)
    }

    /// The devices and routes as they are now.
    public func read() throws(SystemError) -> (devices: [NetworkDevice], routes: [NetworkRoute]) {
      let socket = try NetworkMonitor.openSocket()
      defer { Syscalls.close(socket) }
      var devices: [NetworkDevice] = []
      var places: [UInt32: Int] = [:]
      var routes: [NetworkRoute] = []
      for kind: UInt8 in [18, 22, 26] {
        for message in try dump(kind, socket) {
          switch message {
          case .device(var device):
            describe(&device)
            places[device.index] = devices.count
            devices.append(device)
          case .address(let index, let address):
            if let place = places[index] { devices[place].addresses.append(address) }
          case .route(var route):
            guard let place = places[route.deviceIndex] else { continue }
            route.deviceName = devices[place].name
            routes.append(route)
          case .done, .error, .other: break
          }
        }
      }
      drivers = drivers.filter { places[$0.key] != nil }
      return (devices, routes)
    }

    private static func openSocket() throws(SystemError) -> Descriptor {
      let type = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
      let number = socket(AF_NETLINK, type, NETLINK_ROUTE)
      if number < 0 { throw SystemError.last }
      let descriptor = Descriptor(number: number)
      Syscalls.setOption(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
      return descriptor
    }

    private func noticed() {
      // What the notices say is not needed; an overrun (ENOBUFS) is a notice too.
      for _ in 0..<256 {
        if case .wouldBlock = Syscalls.read(notices, into: &buffer) { break }
      }
      if isRefreshDue { return }
      isRefreshDue = true
      loop.schedule(afterMilliseconds: NetworkMonitor.settlingMilliseconds) { [self] in
        isRefreshDue = false
        refresh()
      }
    }

    /// Asks for all of one kind: `RTM_GETLINK`, `RTM_GETADDR` or `RTM_GETROUTE`.
    private func dump(_ kind: UInt8, _ socket: Descriptor) throws(SystemError) -> [RouteMessage] {
      // A netlink header (20 bytes with the one of `rtgenmsg`, padded): NLM_F_REQUEST and NLM_F_DUMP.
      var request = [UInt8](repeating: 0, count: 20)
      request[0] = 20
      request[4] = kind
      request[5] = 0
      request[6] = 0x01
      request[7] = 0x03
      try Syscalls.writeWhole(socket, request)
      var messages: [RouteMessage] = []
      while true {
        switch Syscalls.read(socket, into: &buffer) {
        case .count(let count):
          for message in RouteMessage.decode(Array(buffer[..<count])) {
            switch message {
            case .done: return messages
            case .error(let code): throw SystemError(code: code)
            default: messages.append(message)
            }
          }
        case .wouldBlock, .endOfStream:
          // The kernel answers a dump before `write` returns, or at each read.
          return messages
        case .failed(let error): throw error
        }
      }
    }

    /// Adds what only the device's driver knows.
    private func describe(_ device: inout NetworkDevice) {
      var settings = ethtool_cmd()
      settings.cmd = UInt32(ETHTOOL_GSET)
      // SAFETY: the kernel fills the structure that the command is for; the name is a terminated string.
      if unsafe apus_device_ethtool(device.name, &settings) >= 0 {
        let megabits = Int64(settings.speed) | Int64(settings.speed_hi) << 16
        if megabits > 0, megabits < 0xffff_ffff, !(settings.speed == 0xffff) {
          device.bitsPerSecond = megabits * 1_000_000
        }
        if settings.duplex <= 1 { device.isFullDuplex = settings.duplex == 1 }
      }
      if let known = drivers[device.index] {
        device.status = known
        return
      }
      var information = ethtool_drvinfo()
      information.cmd = UInt32(ETHTOOL_GDRVINFO)
      // SAFETY: the kernel fills the structure that the command is for; the name is a terminated string.
      if unsafe apus_device_ethtool(device.name, &information) >= 0 {
        device.status = [
          (name: "driver_name", value: NetworkMonitor.text(information.driver)),
          (name: "driver_version", value: NetworkMonitor.text(information.version)),
          (name: "firmware_version", value: NetworkMonitor.text(information.fw_version)),
        ]
      }
      drivers[device.index] = device.status
    }

    /// The text in an array of a C structure.
    private static func text<Characters>(_ characters: Characters) -> String {
      // SAFETY: only the arrays of characters above come here, which are plain bytes.
      unsafe withUnsafeBytes(of: characters) { bytes -> String in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
    }
  }
#endif

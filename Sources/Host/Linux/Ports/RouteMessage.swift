// What: the messages of Linux's rtnetlink about devices, addresses and routes (rtnetlink(7)), as far as the switch
// cares. The kernel speaks in the host's byte order.

#if !APUS_WINDOWS
  import Datapath
  import PacketWire

  /// Bytes of a message, read with checks.
  struct RouteBytes {
    let bytes: [UInt8]
    let range: Range<Int>

    func integer(at offset: Int, byteCount: Int) -> UInt64 {
      let start = range.lowerBound + offset
      guard offset >= 0, start + byteCount <= range.upperBound else { return 0 }
      return (0..<byteCount).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
    }

    func uint32(at offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: integer(at: offset, byteCount: 4)) }

    var text: String {
      String(decoding: bytes[range].prefix { $0 != 0 }, as: UTF8.self)
    }

    /// An address of 4 or 16 bytes; an IPv4 address in its mapped form.
    var address: IPv6Address? {
      let raw = Array(bytes[range])
      func word(_ start: Int) -> UInt64 { raw[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
      if raw.count == 16 { return IPv6Address(high: word(0), low: word(8)) }
      guard raw.count == 4 else { return nil }
      return IPv6Address(high: 0, low: 0xffff_0000_0000 | raw.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    /// Calls `body` with the type and value of each attribute from an offset on.
    func forEachAttribute(from offset: Int, _ body: (Int, RouteBytes) -> Void) {
      var position = range.lowerBound + offset
      while position + 4 <= range.upperBound {
        let header = RouteBytes(bytes: bytes, range: position..<range.upperBound)
        let length = Int(header.integer(at: 0, byteCount: 2))
        guard length >= 4, position + length <= range.upperBound else { return }
        body(
          Int(header.integer(at: 2, byteCount: 2)) & 0x3fff,
          RouteBytes(bytes: bytes, range: (position + 4)..<(position + length)))
        position += (length + 3) & ~3
      }
    }
  }

  /// A message of rtnetlink.
  enum RouteMessage {
    case device(NetworkDevice)
    case address(deviceIndex: UInt32, NetworkAddress)
    case route(NetworkRoute)
    case done
    case error(Int32)
    case other

    /// Takes the messages of one datagram apart.
    static func decode(_ bytes: [UInt8]) -> [RouteMessage] {
      var messages: [RouteMessage] = []
      var position = 0
      while position + 16 <= bytes.count {
        let header = RouteBytes(bytes: bytes, range: position..<bytes.count)
        let length = Int(header.uint32(at: 0))
        guard length >= 16, position + length <= bytes.count else { break }
        let body = RouteBytes(bytes: bytes, range: (position + 16)..<(position + length))
        messages.append(decode(type: Int(header.integer(at: 4, byteCount: 2)), body))
        position += (length + 3) & ~3
      }
      return messages
    }

    private static func decode(type: Int, _ body: RouteBytes) -> RouteMessage {
      switch type {
      case 2: .error(Int32(truncatingIfNeeded: 0 &- Int64(Int32(bitPattern: body.uint32(at: 0)))))
      case 3: .done
      case 16: .device(device(body))
      case 20: address(body)
      case 24: route(body)
      default: .other
      }
    }

    /// `struct ifinfomsg`, then `IFLA_*`.
    private static func device(_ body: RouteBytes) -> NetworkDevice {
      var device = NetworkDevice()
      device.index = body.uint32(at: 4)
      let flags = body.uint32(at: 8)
      device.isUp = flags & 1 != 0
      device.hasCarrier = flags & 0x1_0000 != 0
      body.forEachAttribute(from: 16) { type, value in
        switch type {
        case 1 where value.range.count == 6:
          device.ethernetAddress = MACAddress(value.bytes[value.range].reduce(0) { $0 << 8 | UInt64($1) })
        case 3: device.name = value.text
        case 4: device.maximumTransmissionUnit = Int(value.uint32(at: 0))
        case 23: device.statistics = statistics(value)
        case 33: device.hasCarrier = value.integer(at: 0, byteCount: 1) != 0
        case 35: device.carrierChangeCount = Int(value.uint32(at: 0))
        default: break
        }
      }
      return device
    }

    /// `struct rtnl_link_stats64`, in the names of `Interface.statistics`.
    private static func statistics(_ value: RouteBytes) -> [(name: String, value: UInt64)] {
      let names = [
        "rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped",
        "tx_dropped",
        "rx_multicast_packets", "collisions", "", "rx_over_err", "rx_crc_err", "rx_frame_err", "",
        "rx_missed_errors",
      ]
      var result: [(name: String, value: UInt64)] = []
      for (index, name) in names.enumerated() where !name.utf8.isEmpty {
        result.append((name: name, value: value.integer(at: 8 * index, byteCount: 8)))
      }
      return result
    }

    /// `struct ifaddrmsg`, then `IFA_*`.
    private static func address(_ body: RouteBytes) -> RouteMessage {
      let prefix = Int(body.integer(at: 1, byteCount: 1))
      var peer: RouteBytes?
      var local: RouteBytes?
      body.forEachAttribute(from: 8) { type, value in
        if type == 1 { peer = value }
        if type == 2 { local = value }
      }
      guard let value = local ?? peer, let address = value.address else { return .other }
      let bitCount = value.range.count == 4 ? prefix + 96 : prefix
      return .address(
        deviceIndex: body.uint32(at: 4), NetworkAddress(address: address, prefixBitCount: bitCount))
    }

    /// `struct rtmsg`, then `RTA_*`: unicast and local routes of the default, main and local tables.
    private static func route(_ body: RouteBytes) -> RouteMessage {
      let isIPv4 = body.integer(at: 0, byteCount: 1) == 2
      let type = body.integer(at: 7, byteCount: 1)
      guard isIPv4 || body.integer(at: 0, byteCount: 1) == 10, type == 1 || type == 2 else { return .other }
      let unspecified = isIPv4 ? IPv6Address(high: 0, low: 0xffff_0000_0000) : IPv6Address(high: 0, low: 0)
      var table = UInt32(truncatingIfNeeded: body.integer(at: 4, byteCount: 1))
      var route = NetworkRoute(
        destination: unspecified,
        prefixBitCount: Int(body.integer(at: 1, byteCount: 1)) + (isIPv4 ? 96 : 0),
        gateway: nil, preferredSource: nil, deviceIndex: 0, deviceName: "", mark: 0, isLocal: type == 2)
      body.forEachAttribute(from: 12) { type, value in
        switch type {
        case 1: route.destination = value.address ?? unspecified
        case 4: route.deviceIndex = value.uint32(at: 0)
        case 5: route.gateway = value.address
        case 7: route.preferredSource = value.address
        case 15: table = value.uint32(at: 0)
        case 16: route.mark = value.uint32(at: 0)
        default: break
        }
      }
      guard (253...255).contains(table), route.deviceIndex != 0 else { return .other }
      return .route(route)
    }
  }
#endif

#if APUS_WINDOWS
  import PacketWire

  /// An address as Winsock has it: `sockaddr_in` or `sockaddr_in6`.
  struct SocketAddress {
    static let familyIPv4: Int32 = 2
    static let familyIPv6: Int32 = 23

    let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Takes an address in text form, or the first one that a name has.
    init(host: String, port: UInt16) throws(SystemError) {
      let portBytes = [UInt8(truncatingIfNeeded: port >> 8), UInt8(truncatingIfNeeded: port)]
      if let address = IPv4Address(host) {
        let octets = (0..<4).map { UInt8(truncatingIfNeeded: address.rawValue >> UInt32(24 - 8 * $0)) }
        bytes = [2, 0] + portBytes + octets + [UInt8](repeating: 0, count: 8)
      } else if let address = IPv6Address(host) {
        let words = [address.high, address.low]
        let octets = (0..<16).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64(56 - 8 * ($0 % 8))) }
        bytes = [23, 0] + portBytes + [0, 0, 0, 0] + octets + [0, 0, 0, 0]
      } else {
        var found = try SocketAddress.resolve(host)
        found[2] = portBytes[0]
        found[3] = portBytes[1]
        bytes = found
      }
    }

    var family: Int32 { Int32(bytes[0]) }
    var port: UInt16 { UInt16(bytes[2]) << 8 | UInt16(bytes[3]) }

    /// Any address of this one's family, and any port.
    var any: [UInt8] { [bytes[0], 0] + [UInt8](repeating: 0, count: bytes.count - 2) }

    /// `192.0.2.1:6640` or `[::1]:6640`.
    var text: String {
      if family == SocketAddress.familyIPv4 {
        return "\(bytes[4]).\(bytes[5]).\(bytes[6]).\(bytes[7]):\(port)"
      }
      let high = bytes[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let low = bytes[16..<24].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return "[\(IPv6Address(high: high, low: low).description)]:\(port)"
    }

    /// Asks the system for the address of a name.
    private static func resolve(_ host: String) throws(SystemError) -> [UInt8] {
      var data = [UInt64](repeating: 0, count: 64)
      // SAFETY: the array is larger than WSADATA.
      _ = unsafe data.withUnsafeMutableBytes { bytes -> Int32 in
        guard let base = bytes.baseAddress else { return -1 }
        return unsafe WSAStartup(0x0202, base)
      }
      // ADDRINFOW: flags, family; kind, protocol; length, name, address, next. SOCK_STREAM is 1.
      var hints: [UInt64] = [0, 1, 0, 0, 0, 0]
      var list: UnsafeMutableRawPointer?
      // SAFETY: the name is terminated; the list is freed below.
      let status = unsafe GetAddrInfoW(Win32.wide(host), nil, &hints, &list)
      guard status == 0, let first = unsafe list else { throw SystemError(code: status) }
      defer { unsafe FreeAddrInfoW(list) }
      // SAFETY: the structure has 48 bytes; it gives the address and how many bytes that has.
      let count = unsafe first.load(fromByteOffset: 16, as: Int.self)
      guard let address = unsafe first.load(fromByteOffset: 32, as: UnsafeRawPointer?.self), count >= 16,
        count <= 128
      else { throw Syscalls.unsupported }
      return (0..<count).map { unsafe address.load(fromByteOffset: $0, as: UInt8.self) }
    }
  }
#endif

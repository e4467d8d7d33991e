#if APUS_WINDOWS
  import PacketWire

  extension Syscalls {
    /// `sockaddr_in` or `sockaddr_in6` of an address in text form.
    private static func socketAddress(host: String, port: UInt16) throws(SystemError) -> (
      family: Int32, bytes: [UInt8]
    ) {
      let portBytes = [UInt8(truncatingIfNeeded: port >> 8), UInt8(truncatingIfNeeded: port)]
      if let address = IPv4Address(host) {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: address.rawValue >> UInt32(24 - 8 * $0)) }
        return (2, [2, 0] + portBytes + bytes + [UInt8](repeating: 0, count: 8))
      }
      guard let address = IPv6Address(host) else { throw SystemError(code: 10_022) }
      let words = [address.high, address.low]
      let bytes = (0..<16).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64(56 - 8 * ($0 % 8))) }
      return (23, [23, 0] + portBytes + [0, 0, 0, 0] + bytes + [0, 0, 0, 0])
    }

    private static func makeSocket(_ family: Int32, type: Int32) throws(SystemError) -> Descriptor {
      // Starting Winsock again only counts. WSADATA has 408 bytes.
      var data = [UInt64](repeating: 0, count: 64)
      // SAFETY: the array is larger than the structure.
      _ = unsafe data.withUnsafeMutableBytes { bytes -> Int32 in
        guard let base = bytes.baseAddress else { return -1 }
        return unsafe WSAStartup(0x0202, base)
      }
      // WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT. SAFETY: no structure is passed.
      let handle = unsafe WSASocketW(family, type, 0, nil, 0, 0x81)
      if handle == Win32.invalidHandle { throw SystemError.lastOfSocket }
      return try adopt(handle)
    }

    /// Makes a socket nonblocking and gives it an event for all that can happen to it.
    private static func adopt(_ handle: Handle) throws(SystemError) -> Descriptor {
      // SAFETY: no name is given.
      let event = unsafe CreateEventW(nil, 1, 0, nil)
      // FD_READ | FD_WRITE | FD_ACCEPT | FD_CONNECT | FD_CLOSE.
      if event == 0 || WSAEventSelect(handle, event, 0x3b) != 0 {
        let error = event == 0 ? SystemError.last : SystemError.lastOfSocket
        _ = closesocket(handle)
        throw error
      }
      return Descriptor(.socket, handle, event: event)
    }

    /// Starts to connect by TCP.
    static func connectTCP(host: String, port: UInt16) throws(SystemError) -> Descriptor {
      let (family, address) = try socketAddress(host: host, port: port)
      let descriptor = try makeSocket(family, type: 1)
      setOption(descriptor, 6, 1, 1)
      // SAFETY: the address is complete.
      if unsafe winsockConnect(descriptor.handle, address, Int32(address.count)) != 0,
        !SystemError.lastOfSocket.isWouldBlock
      {
        let error = SystemError.lastOfSocket
        close(descriptor)
        throw error
      }
      return descriptor
    }

    /// Listens by TCP; an empty host means every IPv4 address.
    static func listenTCP(host: String, port: UInt16) throws(SystemError) -> Descriptor {
      let (family, address) = try socketAddress(host: host.utf8.isEmpty ? "0.0.0.0" : host, port: port)
      let descriptor = try makeSocket(family, type: 1)
      // SO_EXCLUSIVEADDRUSE: nobody else may listen at the same place.
      setOption(descriptor, 0xffff, ~4, 1)
      // SAFETY: the address is complete.
      if unsafe winsockBind(descriptor.handle, address, Int32(address.count)) != 0
        || winsockListen(descriptor.handle, 64) != 0
      {
        let error = SystemError.lastOfSocket
        close(descriptor)
        throw error
      }
      return descriptor
    }

    static func connectUDP(host: String, port: UInt16) throws(SystemError) -> Descriptor {
      let (family, address) = try socketAddress(host: host, port: port)
      let descriptor = try makeSocket(family, type: 2)
      // SAFETY: the address is complete.
      if unsafe winsockConnect(descriptor.handle, address, Int32(address.count)) != 0 {
        let error = SystemError.lastOfSocket
        close(descriptor)
        throw error
      }
      return descriptor
    }

    static func acceptSocket(_ listener: Descriptor) throws(SystemError) -> Descriptor {
      // SAFETY: no address is asked for.
      let handle = unsafe winsockAccept(listener.handle, nil, nil)
      if handle == Win32.invalidHandle { throw SystemError.lastOfSocket }
      let descriptor = try adopt(handle)
      setOption(descriptor, 6, 1, 1)
      return descriptor
    }

    static func setOption(_ descriptor: Descriptor, _ level: Int32, _ option: Int32, _ value: Int32) {
      var value = value
      // SAFETY: the call reads four bytes.
      _ = unsafe winsockSetOption(descriptor.handle, level, option, &value, 4)
    }

    /// The port that a listening socket got.
    static func localPort(_ descriptor: Descriptor) -> UInt16 {
      name(descriptor, isPeer: false).map { UInt16($0[2]) << 8 | UInt16($0[3]) } ?? 0
    }

    /// The address and port of a connection's far end; empty for a pipe.
    static func peerName(_ descriptor: Descriptor) -> String {
      guard let bytes = name(descriptor, isPeer: true) else { return "" }
      let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
      if bytes[0] == 2 { return "\(bytes[4]).\(bytes[5]).\(bytes[6]).\(bytes[7]):\(port)" }
      let high = bytes[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let low = bytes[16..<24].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return "[\(IPv6Address(high: high, low: low).description)]:\(port)"
    }

    private static func name(_ descriptor: Descriptor, isPeer: Bool) -> [UInt8]? {
      guard case .socket = descriptor.kind else { return nil }
      var bytes = [UInt8](repeating: 0, count: 128)
      var length: Int32 = 128
      // SAFETY: at most `length` bytes are written.
      let result =
        unsafe isPeer
        ? winsockPeerName(descriptor.handle, &bytes, &length)
        : winsockName(descriptor.handle, &bytes, &length)
      return result == 0 ? bytes : nil
    }

    /// How a connection attempt ended, once its socket is writable.
    static func connectionResult(_ descriptor: Descriptor) -> SystemError? {
      guard case .socket = descriptor.kind else { return nil }
      var code: Int32 = 0
      var length: Int32 = 4
      // SOL_SOCKET, SO_ERROR. SAFETY: the call writes four bytes.
      if unsafe winsockOption(descriptor.handle, 0xffff, 0x1007, &code, &length) != 0 { return .lastOfSocket }
      return code == 0 ? nil : SystemError(code: code)
    }

    /// What a socket is ready for now.
    static func pollSocket(_ socket: Handle, _ interest: Readiness) -> Readiness {
      // WSAPOLLFD: socket, events, what came up. POLLRDNORM is 0x100, POLLWRNORM 0x10.
      var events: UInt64 = 0
      if interest.contains(.readable) { events |= 0x100 }
      if interest.contains(.writable) { events |= 0x10 }
      var entry: [UInt64] = [UInt64(socket), events]
      // SAFETY: the structure has 16 bytes, as the array has.
      let count = unsafe entry.withUnsafeMutableBytes { bytes -> Int32 in
        guard let base = bytes.baseAddress else { return 0 }
        return unsafe WSAPoll(base, 1, 0)
      }
      guard count > 0 else { return [] }
      let found = entry[1] >> 16 & 0xffff
      var readiness: Readiness = []
      if found & 0x100 != 0 { readiness.insert(.readable) }
      if found & 0x10 != 0 { readiness.insert(.writable) }
      // POLLERR, POLLHUP and POLLNVAL.
      if found & 7 != 0 { readiness.insert(.failed) }
      return readiness
    }
  }
#endif

#if APUS_WINDOWS
  import PacketWire

  extension Syscalls {
    private static func makeSocket(_ family: Int32, type: Int32) throws(SystemError) -> Handle {
      // Starting Winsock again only counts. WSADATA has 408 bytes.
      var data = [UInt64](repeating: 0, count: 64)
      // SAFETY: the array is larger than the structure.
      _ = unsafe data.withUnsafeMutableBytes { bytes -> Int32 in
        guard let base = bytes.baseAddress else { return -1 }
        return unsafe WSAStartup(0x0202, base)
      }
      // WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT.
      let handle = WSASocketW(family, type, 0, nil, 0, 0x81)
      if handle == Win32.invalidHandle { throw SystemError.lastOfSocket }
      return handle
    }

    // MARK: Connecting

    /// Makes a socket that will connect by TCP once it is watched.
    static func connectTCP(host: String, port: UInt16) throws(SystemError) -> Descriptor {
      let address = try SocketAddress(host: host, port: port)
      let handle = try makeSocket(address.family, type: 1)
      // Only a socket with an address of its own can connect without waiting.
      let own = address.any
      // SAFETY: the address is complete.
      if unsafe winsockBind(handle, own, Int32(own.count)) != 0 {
        let error = SystemError.lastOfSocket
        _ = closesocket(handle)
        throw error
      }
      let descriptor = Descriptor(.socket, handle)
      descriptor.target = address.bytes
      descriptor.isConnecting = true
      return descriptor
    }

    /// Begins to connect.
    static func connect(_ descriptor: Descriptor) {
      let operation = Operation()
      descriptor.input = operation
      let target = descriptor.target
      unsafe descriptor.begin(operation, on: descriptor.handle) { overlapped in
        // SAFETY: the address is complete, and the structure lives until the operation has ended.
        UInt32(bitPattern: unsafe apus_connect(descriptor.handle, target, Int32(target.count), overlapped))
      }
    }

    /// How a connection attempt ended, once its socket is writable; after success the socket reads.
    static func connectionResult(_ descriptor: Descriptor) -> SystemError? {
      guard descriptor.isConnecting, let operation = descriptor.input else { return nil }
      switch operation.state {
      case .idle, .pending: return nil
      case .failed(let error): return SystemError(code: Int32(bitPattern: error))
      case .done: break
      }
      descriptor.isConnecting = false
      // SO_UPDATE_CONNECT_CONTEXT: the socket learns that it is connected.
      _ = winsockSetOption(descriptor.handle, 0xffff, 0x7010, nil, 0)
      setOption(descriptor.handle, 6, 1, 1)
      startReading(descriptor)
      return nil
    }

    static func connectUDP(host: String, port: UInt16) throws(SystemError) -> Descriptor {
      let address = try SocketAddress(host: host, port: port)
      let handle = try makeSocket(address.family, type: 2)
      // SAFETY: the address is complete.
      if unsafe winsockConnect(handle, address.bytes, Int32(address.bytes.count)) != 0 {
        let error = SystemError.lastOfSocket
        _ = closesocket(handle)
        throw error
      }
      return Descriptor(.datagrams, handle)
    }

    // MARK: Listening

    /// Listens by TCP; an empty host means every IPv4 address.
    static func listenTCP(host: String, port: UInt16) throws(SystemError) -> Descriptor {
      let address = try SocketAddress(host: host.utf8.isEmpty ? "0.0.0.0" : host, port: port)
      let handle = try makeSocket(address.family, type: 1)
      // SO_EXCLUSIVEADDRUSE: nobody else may listen at the same place.
      setOption(handle, 0xffff, ~4, 1)
      // An IPv6 listener at every address takes IPv4 too, as on Linux: IPV6_V6ONLY off.
      if address.family == SocketAddress.familyIPv6 { setOption(handle, 41, 27, 0) }
      // SAFETY: the address is complete. The greatest number stands for the system's longest queue.
      if unsafe winsockBind(handle, address.bytes, Int32(address.bytes.count)) != 0
        || winsockListen(handle, Int32.max) != 0
      {
        let error = SystemError.lastOfSocket
        _ = closesocket(handle)
        throw error
      }
      return Descriptor(.socketListener(family: address.family), handle)
    }

    /// The bytes that `AcceptEx` wants for each of two addresses.
    private static let acceptAddressByteCount = 144

    /// Begins to wait for a connection, with the socket that it will have.
    static func makeSocketPlace(_ listener: Descriptor, _ family: Int32) -> ListeningPlace? {
      guard let handle = try? makeSocket(family, type: 1) else { return nil }
      let operation = Operation(byteCount: 2 * acceptAddressByteCount)
      unsafe listener.begin(operation, on: listener.handle) { overlapped in
        var count: UInt32 = 0
        // SAFETY: the memory has room for both addresses and lives until the operation has ended.
        let result = unsafe AcceptEx(
          listener.handle, handle, operation.buffer, 0, UInt32(acceptAddressByteCount),
          UInt32(acceptAddressByteCount), &count, overlapped)
        return result != 0 ? 0 : UInt32(bitPattern: WSAGetLastError())
      }
      if operation.state.isFailed {
        _ = closesocket(handle)
        return nil
      }
      return ListeningPlace(operation: operation, handle: handle)
    }

    /// Makes a connection of a socket that a listener's place had ready.
    static func adopt(_ handle: Handle, of listener: Descriptor) -> Descriptor {
      var socket = listener.handle
      // SO_UPDATE_ACCEPT_CONTEXT: the socket learns that it is connected. SAFETY: the call reads one handle.
      _ = unsafe winsockSetOption(handle, 0xffff, 0x700b, &socket, Int32(MemoryLayout<Handle>.size))
      setOption(handle, 6, 1, 1)
      return Descriptor(.socket, handle)
    }

    private static func setOption(_ socket: Handle, _ level: Int32, _ option: Int32, _ value: Int32) {
      var value = value
      // SAFETY: the call reads four bytes.
      _ = unsafe winsockSetOption(socket, level, option, &value, 4)
    }

    // MARK: Names

    /// The port that a listening socket got.
    static func localPort(_ descriptor: Descriptor) -> UInt16 {
      name(descriptor, isPeer: false)?.port ?? 0
    }

    /// The address and port of a connection's far end; empty for a pipe.
    static func peerName(_ descriptor: Descriptor) -> String {
      name(descriptor, isPeer: true)?.text ?? ""
    }

    private static func name(_ descriptor: Descriptor, isPeer: Bool) -> SocketAddress? {
      switch descriptor.kind {
      case .socket, .socketListener, .datagrams: break
      case .file, .console, .termination, .pipe, .pipeListener, .device: return nil
      }
      var bytes = [UInt8](repeating: 0, count: 128)
      var length: Int32 = 128
      // SAFETY: at most `length` bytes are written.
      let result =
        unsafe isPeer
        ? winsockPeerName(descriptor.handle, &bytes, &length)
        : winsockName(descriptor.handle, &bytes, &length)
      return result == 0 ? SocketAddress(bytes: bytes) : nil
    }
  }
#endif

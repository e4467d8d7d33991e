#if !APUS_WINDOWS
  import CLinux
  import Glibc

  extension Syscalls {
    /// What is said of a transport that this build does not have.
    static var unsupported: SystemError { SystemError(code: EAFNOSUPPORT) }

    /// Removes what listening on a unix socket left in the file system.
    static func removeLocal(_ path: String) { try? removeFile(path) }

    /// Starts to connect to a unix socket.
    static func connectLocal(_ path: String) throws(SystemError) -> Descriptor {
      let descriptor = try makeSocket(AF_UNIX)
      do throws(SystemError) {
        unsafe try withLocalAddress(path) { (address, length) throws(SystemError) in
          // SAFETY: the caller gives a filled address and its length.
          if unsafe connect(descriptor.number, address, length) < 0, errno != EINPROGRESS {
            throw SystemError.last
          }
        }
      } catch {
        close(descriptor)
        throw error
      }
      return descriptor
    }

    /// Listens on a unix socket with the rights of 0770 less the process's mask.
    static func listenLocal(_ path: String) throws(SystemError) -> Descriptor {
      let descriptor = try makeSocket(AF_UNIX)
      do throws(SystemError) {
        // A socket that a dead program left behind is in the way; a live one keeps its open socket, as with OVS. Any
        // other file stays: who may name an address may not delete what he likes.
        if (try? kind(path)) == .socket { try? removeFile(path) }
        unsafe try withLocalAddress(path) { (address, length) throws(SystemError) in
          _ = fchmod(descriptor.number, 0o770)
          // SAFETY: the caller gives a filled address and its length.
          if unsafe bind(descriptor.number, address, length) < 0 { throw SystemError.last }
        }
        if listen(descriptor.number, 64) < 0 { throw SystemError.last }
      } catch {
        close(descriptor)
        throw error
      }
      return descriptor
    }

    /// The socket of the system's log.
    static var systemLogPath: String? { "/dev/log" }

    /// There is none beside the socket.
    static func openEventLog(programName: String) -> EventLog? { nil }

    /// A datagram socket to a unix socket.
    static func connectLocalDatagrams(_ path: String) throws(SystemError) -> Descriptor {
      let descriptor = try makeSocket(AF_UNIX, type: Int32(SOCK_DGRAM.rawValue))
      do throws(SystemError) {
        unsafe try withLocalAddress(path) { (address, length) throws(SystemError) in
          // SAFETY: the caller gives a filled address and its length.
          if unsafe connect(descriptor.number, address, length) < 0 { throw SystemError.last }
        }
      } catch {
        close(descriptor)
        throw error
      }
      return descriptor
    }

    /// A UDP socket with a destination.
    static func connectUDP(host: String, port: UInt16) throws(SystemError) -> Descriptor {
      unsafe try withInternetAddress(host: host, port: port) {
        (family, address, length) throws(SystemError) in
        let descriptor = try makeSocket(family, type: Int32(SOCK_DGRAM.rawValue))
        // SAFETY: the caller gives a filled address and its length.
        if unsafe connect(descriptor.number, address, length) < 0 {
          let error = SystemError.last
          close(descriptor)
          throw error
        }
        return descriptor
      }
    }

    /// Starts to connect by TCP.
    static func connectTCP(host: String, port: UInt16) throws(SystemError) -> Descriptor {
      unsafe try withInternetAddress(host: host, port: port) {
        (family, address, length) throws(SystemError) in
        let descriptor = try makeSocket(family)
        setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        // SAFETY: the caller gives a filled address and its length.
        if unsafe connect(descriptor.number, address, length) < 0, errno != EINPROGRESS {
          let error = SystemError.last
          close(descriptor)
          throw error
        }
        return descriptor
      }
    }

    /// Listens by TCP; an empty host means every IPv4 address.
    static func listenTCP(host: String, port: UInt16) throws(SystemError) -> Descriptor {
      let host = host.utf8.isEmpty ? "0.0.0.0" : host
      return unsafe try withInternetAddress(host: host, port: port) {
        (family, address, length) throws(SystemError) in
        let descriptor = try makeSocket(family)
        setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        // SAFETY: the caller gives a filled address and its length.
        if unsafe bind(descriptor.number, address, length) < 0 || listen(descriptor.number, 64) < 0 {
          let error = SystemError.last
          close(descriptor)
          throw error
        }
        return descriptor
      }
    }

    /// The port that a listening socket got.
    static func localPort(_ descriptor: Descriptor) -> UInt16 {
      var storage = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      // SAFETY: the kernel writes at most `length` bytes, the size of the storage, which every address fits.
      return unsafe withUnsafeMutableBytes(of: &storage) { bytes in
        guard let base = bytes.baseAddress else { return 0 }
        let address = unsafe base.assumingMemoryBound(to: sockaddr.self)
        guard unsafe getsockname(descriptor.number, address, &length) == 0, length >= 4 else { return 0 }
        // The port follows the family in both internet families.
        return unsafe UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self))
      }
    }

    /// The address and port of a connection's far end, as `192.0.2.1:6640` or `[::1]:6640`; empty for a unix socket.
    static func peerName(_ descriptor: Descriptor) -> String {
      var storage = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      var host = [CChar](repeating: 0, count: 64)
      var service = [CChar](repeating: 0, count: 16)
      // SAFETY: each call gets the true sizes of the buffers that it fills, and terminates its strings.
      let status = unsafe withUnsafeMutableBytes(of: &storage) { bytes -> Int32 in
        guard let base = bytes.baseAddress else { return -1 }
        let address = unsafe base.assumingMemoryBound(to: sockaddr.self)
        guard unsafe getpeername(descriptor.number, address, &length) == 0 else { return -1 }
        guard unsafe Int32(address.pointee.sa_family) != AF_UNIX else { return -1 }
        return unsafe getnameinfo(
          address, length, &host, socklen_t(host.count), &service, socklen_t(service.count),
          NI_NUMERICHOST | NI_NUMERICSERV)
      }
      guard status == 0 else { return "" }
      let name = text(host)
      let isIPv6 = name.utf8.contains(UInt8(ascii: ":"))
      return (isIPv6 ? "[" + name + "]" : name) + ":" + text(service)
    }

    /// The next connection that waits at a listening socket.
    static func accept(_ listener: Descriptor) throws(SystemError) -> Descriptor {
      while true {
        let number = apus_accept(listener.number)
        if number >= 0 {
          setOption(Descriptor(number: number), Int32(IPPROTO_TCP), TCP_NODELAY, 1)
          return Descriptor(number: number)
        }
        if errno != EINTR && errno != ECONNABORTED { throw SystemError.last }
      }
    }

    /// How a connection attempt ended, once its socket is writable.
    static func connectionResult(_ descriptor: Descriptor) -> SystemError? {
      var code: Int32 = 0
      var length = socklen_t(MemoryLayout<Int32>.size)
      // SAFETY: the kernel writes one integer of the size given.
      if unsafe getsockopt(descriptor.number, SOL_SOCKET, SO_ERROR, &code, &length) < 0 { return .last }
      return code == 0 ? nil : SystemError(code: code)
    }

    static func setOption(_ descriptor: Descriptor, _ level: Int32, _ option: Int32, _ value: Int32) {
      var value = value
      // SAFETY: the kernel reads one integer of the size given.
      _ = unsafe setsockopt(
        descriptor.number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func makeSocket(
      _ family: Int32, type: Int32 = Int32(SOCK_STREAM.rawValue)
    ) throws(SystemError) -> Descriptor {
      let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
      let number = socket(family, type | flags, 0)
      if number < 0 { throw SystemError.last }
      return Descriptor(number: number)
    }

    /// Calls `body` with the address of a unix socket.
    ///
    /// A path too long for the address goes through the open directory that holds it, under
    /// `/proc/self/fd`.
    private static func withLocalAddress(
      _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> Void
    ) throws(SystemError) {
      if path.utf8.count < localPathLimit { return unsafe try withShortLocalAddress(path, body) }
      let bytes = Array(path.utf8)
      guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { throw SystemError(code: ENAMETOOLONG) }
      let folder = slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
      let name = String(decoding: bytes[(slash + 1)...], as: UTF8.self)
      // SAFETY: the path is a terminated string during the call.
      let number = unsafe apus_open_path(folder)
      if number < 0 { throw SystemError.last }
      defer { _ = Glibc.close(number) }
      let shorter = "/proc/self/fd/\(number)/\(name)"
      guard shorter.utf8.count < localPathLimit else { throw SystemError(code: ENAMETOOLONG) }
      unsafe try withShortLocalAddress(shorter, body)
    }

    /// Bytes of a unix socket's path, its terminator included.
    private static let localPathLimit = 108

    private static func withShortLocalAddress(
      _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> Void
    ) throws(SystemError) {
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      // SAFETY: the caller checked that the path and its terminator fit; the rest of the structure is zero.
      unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
        var index = 0
        for byte in path.utf8 where index < target.count {
          unsafe target[index] = byte
          index += 1
        }
      }
      let result: Result<Void, SystemError> = unsafe withUnsafePointer(to: &address) { pointer in
        // SAFETY: every socket address begins with the members of `sockaddr`.
        let general = unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
        do throws(SystemError) {
          return .success(unsafe try body(general, socklen_t(MemoryLayout<sockaddr_un>.size)))
        } catch {
          return .failure(error)
        }
      }
      try result.get()
    }

    /// Calls `body` with the first address of a host.
    private static func withInternetAddress<Value>(
      host: String, port: UInt16,
      _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
      // SAFETY: all zero; its pointers stay null.
      var hints = unsafe addrinfo()
      unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      unsafe hints.ai_flags = AI_NUMERICSERV
      var list: UnsafeMutablePointer<addrinfo>? = nil
      // SAFETY: the strings are terminated and the list is freed below.
      let status = unsafe getaddrinfo(host, "\(port)", &hints, &list)
      guard status == 0, let first = unsafe list, let address = unsafe first.pointee.ai_addr else {
        throw SystemError(code: status == EAI_SYSTEM ? errno : EINVAL)
      }
      defer { unsafe freeaddrinfo(list) }
      // SAFETY: the list lives until the end of this function.
      return unsafe try body(first.pointee.ai_family, address, first.pointee.ai_addrlen)
    }

    private static func text(_ characters: [CChar]) -> String {
      String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  /// A log of the system's own that is not reached through a socket: here there is none.
  final class EventLog {
    func write(severity: Int, _ line: String) {}
  }
#endif

#if APUS_WINDOWS
  extension Syscalls {
    /// What an error is called.
    ///
    /// Those that users and scripts know from OVS have the names that they have everywhere; the system names the rest.
    static func message(forError code: Int32) -> String {
      if let known = knownMessage(code) { return known }
      var buffer = [UInt16](repeating: 0, count: 512)
      // FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS.
      // SAFETY: the call writes at most as many characters as the array holds.
      let count = unsafe FormatMessageW(
        0x1200, nil, UInt32(bitPattern: code), 0, &buffer, UInt32(buffer.count), nil)
      var text = buffer[..<min(Int(count), buffer.count)]
      while let last = text.last, last <= 0x20 || last == 0x2e { text.removeLast() }
      return text.isEmpty ? "error \(code)" : String(decoding: text, as: UTF16.self)
    }

    private static func knownMessage(_ code: Int32) -> String? {
      switch code {
      // ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, ERROR_BAD_NETPATH, ERROR_INVALID_NAME.
      case 2, 3, 53, 123: "No such file or directory"
      // ERROR_ACCESS_DENIED, WSAEACCES.
      case 5, 10_013: "Permission denied"
      // ERROR_NOT_ENOUGH_MEMORY, ERROR_OUTOFMEMORY.
      case 8, 14: "Cannot allocate memory"
      // ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION.
      case 32, 33: "Resource temporarily unavailable"
      // ERROR_NOT_SUPPORTED, WSAEOPNOTSUPP.
      case 50, 10_045: "Operation not supported"
      // ERROR_FILE_EXISTS, ERROR_ALREADY_EXISTS.
      case 80, 183: "File exists"
      // ERROR_INVALID_PARAMETER, WSAEINVAL.
      case 87, 10_022: "Invalid argument"
      // ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED.
      case 109, 232, 233: "Broken pipe"
      // ERROR_DISK_FULL.
      case 112: "No space left on device"
      // WSAEADDRINUSE, ERROR_ADDRESS_ALREADY_ASSOCIATED.
      case 10_048, 1227: "Address already in use"
      // WSAEADDRNOTAVAIL.
      case 10_049: "Cannot assign requested address"
      // ERROR_NETNAME_DELETED, WSAECONNRESET, ERROR_CONNECTION_ABORTED, WSAECONNABORTED.
      case 64, 10_054, 1236, 10_053: "Connection reset by peer"
      // ERROR_SEM_TIMEOUT, WSAETIMEDOUT.
      case 121, 10_060: "Connection timed out"
      // ERROR_CONNECTION_REFUSED, WSAECONNREFUSED.
      case 1225, 10_061: "Connection refused"
      // ERROR_NETWORK_UNREACHABLE, WSAENETUNREACH.
      case 1231, 10_051: "Network is unreachable"
      // ERROR_HOST_UNREACHABLE, WSAEHOSTUNREACH.
      case 1232, 10_065: "No route to host"
      default: nil
      }
    }
  }
#endif

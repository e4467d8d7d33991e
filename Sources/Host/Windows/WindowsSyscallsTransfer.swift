#if APUS_WINDOWS
  extension Syscalls {
    /// Closes a descriptor; a write that is under way is given some time to end.
    static func close(_ descriptor: Descriptor) {
      for place in descriptor.places { close(descriptor.kind, place.handle) }
      descriptor.places = []
      if let output = descriptor.output, output.state.isPending, let poller = descriptor.poller {
        if let input = descriptor.input, input.state.isPending {
          // SAFETY: the poller keeps the structure until the operation has ended.
          _ = unsafe CancelIoEx(descriptor.handle, input.overlapped)
        }
        poller.linger(output, descriptor.kind, descriptor.handle)
      } else {
        close(descriptor.kind, descriptor.handle)
      }
      descriptor.detach()
    }

    /// Closes a handle; operations on it end, and the poller keeps their memory until they have.
    static func close(_ kind: Descriptor.Kind, _ handle: Handle) {
      switch kind {
      case .termination, .console: break
      case .socket, .socketListener, .datagrams: _ = closesocket(handle)
      case .file, .pipe, .pipeListener, .device: if handle != 0 { _ = CloseHandle(handle) }
      }
    }

    /// Begins what a descriptor needs to become ready, now that it is watched.
    static func start(_ descriptor: Descriptor) {
      switch descriptor.kind {
      case .file, .console, .termination, .datagrams, .device: break
      case .socketListener, .pipeListener: fillPlaces(descriptor)
      case .socket, .pipe:
        if descriptor.isConnecting { connect(descriptor) } else { startReading(descriptor) }
      }
    }

    // MARK: Reading

    /// Begins to read from a stream.
    static func startReading(_ descriptor: Descriptor) {
      let operation = descriptor.input ?? Operation()
      descriptor.input = operation
      let isSocket = if case .socket = descriptor.kind { true } else { false }
      unsafe descriptor.begin(operation, on: descriptor.handle) { overlapped in
        guard isSocket else {
          // SAFETY: the memory lives until the operation has ended.
          let result = unsafe ReadFile(
            descriptor.handle, operation.buffer, UInt32(operation.byteCount), nil, overlapped)
          return result != 0 ? 0 : GetLastError()
        }
        // WSABUF: length, memory.
        var buffers = unsafe [UInt(operation.byteCount), UInt(bitPattern: operation.buffer)]
        var flags: UInt32 = 0
        // SAFETY: the system copies the list of buffers; the memory itself lives until the operation has ended.
        let result = unsafe WSARecv(descriptor.handle, &buffers, 1, nil, &flags, overlapped, nil)
        return result == 0 ? 0 : UInt32(bitPattern: WSAGetLastError())
      }
    }

    /// Reads up to a buffer's size.
    static func read(_ descriptor: Descriptor, into buffer: inout [UInt8]) -> Transfer {
      switch descriptor.kind {
      case .file: return readFile(descriptor.handle, into: &buffer)
      case .socket, .pipe: return readStream(descriptor, into: &buffer)
      case .console, .termination, .datagrams, .socketListener, .pipeListener, .device: return .wouldBlock
      }
    }

    private static func readFile(_ handle: Handle, into buffer: inout [UInt8]) -> Transfer {
      var count: UInt32 = 0
      // SAFETY: at most as many bytes are written as the array holds.
      let result = unsafe buffer.withUnsafeMutableBytes {
        unsafe ReadFile(handle, $0.baseAddress, UInt32(clamping: $0.count), &count, nil)
      }
      if result != 0 { return count == 0 ? .endOfStream : .count(Int(count)) }
      let error = GetLastError()
      let isEnd = error == Win32.errorBrokenPipe || error == Win32.errorHandleEOF
      return isEnd ? .endOfStream : .failed(SystemError(code: Int32(bitPattern: error)))
    }

    private static func readStream(_ descriptor: Descriptor, into buffer: inout [UInt8]) -> Transfer {
      guard let input = descriptor.input else { return .wouldBlock }
      switch input.state {
      case .idle:
        startReading(descriptor)
        return .wouldBlock
      case .pending: return .wouldBlock
      case .failed(let error):
        let isEnd = error == Win32.errorBrokenPipe || error == Win32.errorNoData
        return isEnd ? .endOfStream : .failed(SystemError(code: Int32(bitPattern: error)))
      case .done(let count, _):
        // A socket that reads nothing has come to its end; a pipe's peer may write nothing.
        if case .socket = descriptor.kind, count == 0 { return .endOfStream }
        let taken = input.take(into: &buffer)
        if case .done(let count, let consumed) = input.state, consumed >= count { startReading(descriptor) }
        return taken.map { .count($0) } ?? .wouldBlock
      }
    }

    // MARK: Writing

    /// Writes what it can of `bytes`, from an offset on.
    static func write(_ descriptor: Descriptor, _ bytes: [UInt8], from offset: Int) -> Transfer {
      precondition(offset >= 0 && offset <= bytes.count)
      switch descriptor.kind {
      case .file: return writeFile(descriptor.handle, bytes, from: offset)
      case .console: return writeConsole(descriptor.handle, bytes, from: offset)
      case .datagrams: return sendDatagram(descriptor.handle, bytes, from: offset)
      case .socket, .pipe: return writeStream(descriptor, bytes, from: offset)
      case .termination, .socketListener, .pipeListener, .device: return .wouldBlock
      }
    }

    private static func writeFile(_ handle: Handle, _ bytes: [UInt8], from offset: Int) -> Transfer {
      var count: UInt32 = 0
      // SAFETY: the range from the offset to the array's end was checked by the caller.
      let result = unsafe bytes.withUnsafeBytes {
        unsafe WriteFile(
          handle, $0.baseAddress.map { unsafe $0 + offset }, UInt32(clamping: $0.count - offset), &count, nil)
      }
      return result != 0 ? .count(Int(count)) : .failed(.last)
    }

    /// Writes text to a console, whatever set of characters it takes for bytes.
    private static func writeConsole(_ handle: Handle, _ bytes: [UInt8], from offset: Int) -> Transfer {
      // A console refuses much at once; a piece ends where a character does.
      var end = min(bytes.count, offset + consoleByteCount)
      while end < bytes.count, end > offset, bytes[end] & 0xc0 == 0x80 { end -= 1 }
      if end == offset { end = bytes.count }
      let characters = Array(String(decoding: bytes[offset..<end], as: UTF8.self).utf16)
      var written = 0
      while written < characters.count {
        var count: UInt32 = 0
        // SAFETY: as many characters are read as the array holds from there on.
        let result = unsafe characters.withUnsafeBufferPointer {
          unsafe WriteConsoleW(
            handle, $0.baseAddress.map { unsafe $0 + written }, UInt32($0.count - written), &count, nil)
        }
        if result == 0 { return .failed(.last) }
        if count == 0 { break }
        written += Int(count)
      }
      return .count(end - offset)
    }

    private static let consoleByteCount = 8_192

    private static func sendDatagram(_ socket: Handle, _ bytes: [UInt8], from offset: Int) -> Transfer {
      // SAFETY: the range from the offset to the array's end was checked by the caller.
      let count = unsafe bytes.withUnsafeBytes {
        unsafe winsockSend(
          socket, $0.baseAddress.map { unsafe $0 + offset }, Int32(clamping: $0.count - offset), 0)
      }
      return count >= 0 ? .count(Int(count)) : .failed(.lastOfSocket)
    }

    private static func writeStream(
      _ descriptor: Descriptor, _ bytes: [UInt8], from offset: Int
    ) -> Transfer {
      let output = descriptor.output ?? Operation()
      descriptor.output = output
      switch output.state {
      case .pending: return .wouldBlock
      case .failed(let error): return .failed(SystemError(code: Int32(bitPattern: error)))
      case .idle, .done: break
      }
      let size = output.fill(bytes, from: offset)
      let isSocket = if case .socket = descriptor.kind { true } else { false }
      unsafe descriptor.begin(output, on: descriptor.handle) { overlapped in
        guard isSocket else {
          // SAFETY: the memory lives until the operation has ended.
          let result = unsafe WriteFile(descriptor.handle, output.buffer, UInt32(size), nil, overlapped)
          return result != 0 ? 0 : GetLastError()
        }
        var buffers = unsafe [UInt(size), UInt(bitPattern: output.buffer)]
        // SAFETY: the system copies the list of buffers; the memory itself lives until the operation has ended.
        let result = unsafe WSASend(descriptor.handle, &buffers, 1, nil, 0, overlapped, nil)
        return result == 0 ? 0 : UInt32(bitPattern: WSAGetLastError())
      }
      return .count(size)
    }

    /// Writes all of `bytes` to a file, waiting as long as it takes.
    static func writeWhole(_ descriptor: Descriptor, _ bytes: [UInt8]) throws(SystemError) {
      var offset = 0
      while offset < bytes.count {
        switch write(descriptor, bytes, from: offset) {
        case .count(let count): offset += count
        // Streams are written by event loops alone.
        case .wouldBlock, .endOfStream: return
        case .failed(let error): throw error
        }
      }
    }

    // MARK: Requests to end

    /// A descriptor that becomes readable when the program is asked to end.
    static func openTerminationSignals() throws(SystemError) -> Descriptor { Descriptor(.termination, 0) }

    static func readTerminationSignal(_ descriptor: Descriptor) -> TerminationSignal? {
      switch apus_termination_take() {
      case 0: nil
      case 2: .interrupt
      default: .terminate
      }
    }
  }
#endif

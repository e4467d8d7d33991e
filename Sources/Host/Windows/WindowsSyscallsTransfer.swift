#if APUS_WINDOWS
  extension Syscalls {
    static func close(_ descriptor: Descriptor) {
      switch descriptor.kind {
      case .file: _ = CloseHandle(descriptor.handle)
      case .event: _ = CloseHandle(descriptor.event)
      case .socket:
        _ = closesocket(descriptor.handle)
        _ = CloseHandle(descriptor.event)
      case .pipe, .pipeListener:
        descriptor.input?.cancel(descriptor.handle)
        descriptor.output?.cancel(descriptor.handle)
        _ = CloseHandle(descriptor.handle)
        _ = CloseHandle(descriptor.event)
      }
    }

    /// Reads up to a buffer's size.
    static func read(_ descriptor: Descriptor, into buffer: inout [UInt8]) -> Transfer {
      switch descriptor.kind {
      case .file: return readFile(descriptor.handle, into: &buffer)
      case .socket: return receive(descriptor.handle, into: &buffer)
      case .pipe: return readPipe(descriptor, into: &buffer)
      case .event, .pipeListener: return .wouldBlock
      }
    }

    private static func readFile(_ handle: Handle, into buffer: inout [UInt8]) -> Transfer {
      var count: UInt32 = 0
      // SAFETY: at most as many bytes are written as the array holds.
      let result = unsafe buffer.withUnsafeMutableBytes {
        unsafe ReadFile(handle, $0.baseAddress, UInt32($0.count), &count, nil)
      }
      if result != 0 { return count == 0 ? .endOfStream : .count(Int(count)) }
      let error = GetLastError()
      let isEnd = error == Win32.errorBrokenPipe || error == Win32.errorHandleEOF
      return isEnd ? .endOfStream : .failed(SystemError(code: Int32(bitPattern: error)))
    }

    private static func receive(_ socket: Handle, into buffer: inout [UInt8]) -> Transfer {
      // SAFETY: at most as many bytes are written as the array holds.
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe winsockReceive(socket, $0.baseAddress, Int32(clamping: $0.count), 0)
      }
      if count > 0 { return .count(Int(count)) }
      if count == 0 { return .endOfStream }
      let error = SystemError.lastOfSocket
      return error.isWouldBlock ? .wouldBlock : .failed(error)
    }

    private static func readPipe(_ descriptor: Descriptor, into buffer: inout [UInt8]) -> Transfer {
      guard let input = descriptor.input else { return .endOfStream }
      input.update(descriptor.handle)
      switch input.state {
      case .idle:
        input.startReading(descriptor.handle)
        return .wouldBlock
      case .pending: return .wouldBlock
      case .failed(let error):
        let isEnd = error == Win32.errorBrokenPipe || error == Win32.errorNoData
        return isEnd ? .endOfStream : .failed(SystemError(code: Int32(bitPattern: error)))
      case .done(let count, let consumed):
        let size = min(buffer.count, count - consumed)
        for index in 0..<size {
          // SAFETY: the operation put `count` bytes into its buffer.
          buffer[index] = unsafe input.buffer.load(fromByteOffset: consumed + index, as: UInt8.self)
        }
        if consumed + size < count {
          input.state = .done(count: count, consumed: consumed + size)
        } else {
          input.startReading(descriptor.handle)
        }
        return size > 0 ? .count(size) : .wouldBlock
      }
    }

    /// Writes what it can of `bytes`, from an offset on.
    static func write(_ descriptor: Descriptor, _ bytes: [UInt8], from offset: Int) -> Transfer {
      precondition(offset >= 0 && offset <= bytes.count)
      switch descriptor.kind {
      case .file:
        var count: UInt32 = 0
        // SAFETY: the range from the offset to the array's end was checked above.
        let result = unsafe bytes.withUnsafeBytes {
          unsafe WriteFile(
            descriptor.handle, $0.baseAddress.map { unsafe $0 + offset }, UInt32(clamping: $0.count - offset),
            &count, nil)
        }
        return result != 0 ? .count(Int(count)) : .failed(.last)
      case .socket:
        // SAFETY: the range from the offset to the array's end was checked above.
        let count = unsafe bytes.withUnsafeBytes {
          unsafe winsockSend(
            descriptor.handle, $0.baseAddress.map { unsafe $0 + offset }, Int32(clamping: $0.count - offset),
            0)
        }
        if count >= 0 { return .count(Int(count)) }
        let error = SystemError.lastOfSocket
        return error.isWouldBlock ? .wouldBlock : .failed(error)
      case .pipe:
        guard let output = descriptor.output else { return .endOfStream }
        output.update(descriptor.handle)
        switch output.state {
        case .pending: return .wouldBlock
        case .failed(let error): return .failed(SystemError(code: Int32(bitPattern: error)))
        case .idle, .done: return .count(output.startWriting(descriptor.handle, bytes, from: offset))
        }
      case .event, .pipeListener: return .wouldBlock
      }
    }

    /// Writes all of `bytes`, waiting as long as it takes.
    static func writeWhole(_ descriptor: Descriptor, _ bytes: [UInt8]) throws(SystemError) {
      var offset = 0
      while offset < bytes.count {
        switch write(descriptor, bytes, from: offset) {
        case .count(let count): offset += count
        case .wouldBlock: _ = WaitForSingleObject(descriptor.event, 100)
        case .endOfStream: return
        case .failed(let error): throw error
        }
      }
    }

    // MARK: Requests to end

    /// The name by which the console's handler, which runs on a thread of its own, finds the event.
    private static var terminationEventName: [UInt16] {
      Win32.wide("Local\\apus-terminate-\(GetCurrentProcessId())")
    }

    /// A descriptor that becomes readable when the program is asked to end.
    static func openTerminationSignals() throws(SystemError) -> Descriptor {
      // SAFETY: the name is terminated.
      let event = unsafe CreateEventW(nil, 1, 0, terminationEventName)
      if event == 0 { throw SystemError.last }
      _ = SetConsoleCtrlHandler(
        { _ in
          // EVENT_MODIFY_STATE. SAFETY: the name is terminated.
          let event = unsafe OpenEventW(2, 0, Syscalls.terminationEventName)
          guard event != 0 else { return 0 }
          _ = SetEvent(event)
          _ = CloseHandle(event)
          return 1
        }, 1)
      return Descriptor(.event, 0, event: event)
    }

    static func readTerminationSignal(_ descriptor: Descriptor) -> TerminationSignal? {
      guard WaitForSingleObject(descriptor.event, 0) == Win32.waitObject0 else { return nil }
      _ = ResetEvent(descriptor.event)
      return .terminate
    }
  }
#endif

// What: an open file, socket or pipe of Windows.
//
// How: sockets tell by an event and `WSAPoll` whether they are ready. Pipes have no readiness, only operations that
// end later: a pipe always has one read under way into a buffer of its own, and at most one write from another, and
// is ready when that operation has ended.

#if APUS_WINDOWS
  /// An open file, socket or other object of the operating system.
  public final class Descriptor {
    enum Kind {
      case file
      case event
      case socket
      case pipe
      case pipeListener(name: [UInt16])
    }

    let kind: Kind
    /// Of a listening pipe it changes with each connection, which takes the present one over.
    var handle: Handle
    /// Set by Windows when something may have become ready; 0 for files.
    let event: Handle
    var input: PipeOperation?
    var output: PipeOperation?

    init(_ kind: Kind, _ handle: Handle, event: Handle = 0) {
      self.kind = kind
      self.handle = handle
      self.event = event
    }
  }

  /// One overlapped operation and the memory that it works on.
  final class PipeOperation {
    enum State {
      case idle
      case pending
      /// It has ended; so many bytes, of which so many have been handed on.
      case done(count: Int, consumed: Int)
      case failed(UInt32)
    }

    static let byteCount = 65_536
    var state = State.idle
    // SAFETY: both are allocated here and freed in `deinit`, which the owner lets come only after the operation
    // has ended or was cancelled and waited for.
    let buffer: UnsafeMutableRawPointer
    /// `OVERLAPPED`: 32 bytes, of which the last eight are the event.
    let overlapped: UnsafeMutableRawPointer

    init(event: Handle) {
      unsafe buffer = .allocate(byteCount: PipeOperation.byteCount, alignment: 16)
      unsafe overlapped = .allocate(byteCount: 32, alignment: 16)
      unsafe overlapped.initializeMemory(as: UInt8.self, repeating: 0, count: 32)
      unsafe overlapped.storeBytes(of: event, toByteOffset: 24, as: Handle.self)
    }

    deinit {
      unsafe buffer.deallocate()
      unsafe overlapped.deallocate()
    }

    /// Starts to read from a pipe.
    func startReading(_ pipe: Handle) {
      var count: UInt32 = 0
      // SAFETY: the buffer lives until the operation has ended.
      let result = unsafe ReadFile(pipe, buffer, UInt32(PipeOperation.byteCount), &count, overlapped)
      begin(succeeded: result != 0, count: Int(count))
    }

    /// Starts to write a piece of bytes, and says how many it took.
    func startWriting(_ pipe: Handle, _ bytes: [UInt8], from offset: Int) -> Int {
      let size = min(PipeOperation.byteCount, bytes.count - offset)
      for index in 0..<size {
        // SAFETY: `size` is at most the buffer's.
        unsafe buffer.storeBytes(of: bytes[offset + index], toByteOffset: index, as: UInt8.self)
      }
      var count: UInt32 = 0
      let result = unsafe WriteFile(pipe, buffer, UInt32(size), &count, overlapped)
      begin(succeeded: result != 0, count: Int(count))
      return size
    }

    /// Starts to wait for a peer of a listening pipe.
    func startConnecting(_ pipe: Handle) {
      let result = unsafe ConnectNamedPipe(pipe, overlapped)
      if result == 0, GetLastError() == Win32.errorPipeConnected {
        state = .done(count: 0, consumed: 0)
      } else {
        begin(succeeded: result != 0, count: 0)
      }
    }

    private func begin(succeeded: Bool, count: Int) {
      if succeeded {
        state = .done(count: count, consumed: 0)
      } else {
        let error = GetLastError()
        state = error == Win32.errorIOPending ? .pending : .failed(error)
      }
    }

    /// Looks whether a pending operation has ended.
    func update(_ pipe: Handle) {
      guard case .pending = state else { return }
      var count: UInt32 = 0
      // SAFETY: the structure lives until the operation has ended.
      if unsafe GetOverlappedResult(pipe, overlapped, &count, 0) != 0 {
        state = .done(count: Int(count), consumed: 0)
      } else if GetLastError() != 996 {  // ERROR_IO_INCOMPLETE
        state = .failed(GetLastError())
      }
    }

    /// Ends a pending operation, so that its memory may be given up.
    func cancel(_ pipe: Handle) {
      guard case .pending = state else { return }
      var count: UInt32 = 0
      // SAFETY: the structure lives until the call, which waits, returns.
      _ = unsafe CancelIoEx(pipe, overlapped)
      _ = unsafe GetOverlappedResult(pipe, overlapped, &count, 1)
      state = .idle
    }
  }
#endif

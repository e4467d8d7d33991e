#if APUS_WINDOWS
  /// One operation that ends later, and the memory that it works on.
  @safe final class Operation {
    enum State {
      case idle
      case pending
      /// It has ended; so many bytes, of which so many have been handed on.
      case done(count: Int, consumed: Int)
      case failed(UInt32)

      var isPending: Bool { if case .pending = self { true } else { false } }
      var isFailed: Bool { if case .failed = self { true } else { false } }
    }

    /// How much a stream reads or writes at once, in bytes.
    static let streamByteCount = 65_536

    var state = State.idle
    /// What is to be closed once this has ended, by whoever sees it end.
    var closing: (kind: Descriptor.Kind, handle: Handle)?
    let byteCount: Int
    // SAFETY: both are allocated here and freed in `deinit`; the poller refers to the operation while it is under way.
    let buffer: UnsafeMutableRawPointer
    /// `OVERLAPPED`, 32 bytes.
    let overlapped: UnsafeMutableRawPointer

    /// Allocates memory for so many bytes of data.
    init(byteCount: Int = Operation.streamByteCount) {
      self.byteCount = byteCount
      unsafe buffer = .allocate(byteCount: max(1, byteCount), alignment: 16)
      unsafe overlapped = .allocate(byteCount: 32, alignment: 16)
      clear()
    }

    deinit {
      unsafe buffer.deallocate()
      unsafe overlapped.deallocate()
    }

    /// What names it among the operations of a completion port.
    var identity: UInt { unsafe UInt(bitPattern: overlapped) }

    func clear() {
      // SAFETY: the structure has 32 bytes.
      _ = unsafe overlapped.initializeMemory(as: UInt8.self, repeating: 0, count: 32)
    }

    /// Notes that it has ended; `handle` is what it was begun on.
    func finish(_ handle: Handle) {
      guard state.isPending else { return }
      var count: UInt32 = 0
      // SAFETY: the system has written the result into the structure, and the call reads it there.
      let isDone = unsafe GetOverlappedResult(handle, overlapped, &count, 0) != 0
      state = isDone ? .done(count: Int(count), consumed: 0) : .failed(GetLastError())
    }

    /// Fills the memory with a part of `bytes`, and says how many it took.
    func fill(_ bytes: [UInt8], from offset: Int) -> Int {
      let size = min(byteCount, bytes.count - offset)
      // SAFETY: `size` is at most what either side holds.
      unsafe bytes.withUnsafeBytes { source in
        guard size > 0, let base = source.baseAddress else { return }
        unsafe buffer.copyMemory(from: base + offset, byteCount: size)
      }
      return size
    }

    /// Hands on what has been read; nil if nothing is left.
    func take(into target: inout [UInt8]) -> Int? {
      guard case .done(let count, let consumed) = state, consumed < count, !target.isEmpty else { return nil }
      let size = min(target.count, count - consumed)
      // SAFETY: the operation put `count` bytes into its memory; `size` is at most what either side holds.
      unsafe target.withUnsafeMutableBytes { place in
        guard let base = place.baseAddress else { return }
        unsafe base.copyMemory(from: buffer + consumed, byteCount: size)
      }
      state = .done(count: count, consumed: consumed + size)
      return size
    }
  }
#endif

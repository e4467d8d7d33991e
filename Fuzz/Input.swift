// The entry that libFuzzer calls, compiled into every fuzz target. The target defines `fuzz(_:)`.

/// Gives one input to the target.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer keeps `count` bytes at `start` readable and unchanged until this function returns.
  let input = unsafe UnsafeBufferPointer(start: start, count: start == nil ? 0 : count)
  unsafe fuzz(Span(_unsafeElements: input))
  return 0
}

extension Array where Element == UInt8 {
  /// A copy of an input.
  init(_ input: Span<UInt8>) {
    self.init()
    reserveCapacity(input.count)
    for index in input.indices { append(input[index]) }
  }
}

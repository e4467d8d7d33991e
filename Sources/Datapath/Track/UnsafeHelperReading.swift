// A payload's bytes as helpers read them.

extension Engine {
  /// What a payload announces; so much of it as helpers look at is copied.
  @inline(never)
  func read(_ address: Int, _ byteCount: Int, _ tuple: ConnectionTuple) -> HelperFinding {
    let isReply = trackPass[0].isReply
    if trackPass[0].interested == .tftp {
      guard tuple.protocolNumber == 17, byteCount >= 2 else { return HelperFinding() }
      return TFTPHelper.find(
        operation: pool.load16(address), isReply: isReply, sourcePort: tuple.sourcePort)
    }
    guard trackPass[0].interested == .ftp, tuple.protocolNumber == 6 else { return HelperFinding() }
    var text = InlineArray<256, UInt8>(repeating: 0)
    let count = min(byteCount, FTPHelper.maximumByteCount)
    for index in 0..<count { text[index] = pool.load8(address &+ index) }
    // The compiler takes the end of a span for one that may free memory.
    // SAFETY: a span of a local row owns none, and what reads it takes none.
    return unsafe _unsafePerformance {
      FTPHelper.find(RawSpan(_elements: text.span).extracting(first: count), isReply: isReply)
    }
  }
}

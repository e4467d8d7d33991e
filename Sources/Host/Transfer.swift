/// What one attempt to read or write achieved.
enum Transfer {
  /// So many bytes were moved.
  case count(Int)
  /// The call would have had to wait.
  case wouldBlock
  /// The peer sends no more.
  case endOfStream
  /// The call failed.
  case failed(SystemError)
}

extension String {
  /// The text with blanks behind it up to a width in bytes.
  func padded(to width: Int) -> String { self + blanks(to: width) }

  /// The text with blanks before it up to a width in bytes.
  func padded(onLeftTo width: Int) -> String { blanks(to: width) + self }

  private func blanks(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - utf8.count))
  }
}

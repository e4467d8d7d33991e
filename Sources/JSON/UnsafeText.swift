extension Text: Equatable {
  /// Whether both are the same bytes.
  public static func == (left: Text, right: Text) -> Bool {
    let leftBytes = left.string.utf8Span.span
    let rightBytes = right.string.utf8Span.span
    let count = leftBytes.count
    guard count == rightBytes.count else { return false }
    // SAFETY: both pointers are used inside the closures only, up to the count checked above.
    return unsafe leftBytes.withUnsafeBufferPointer { leftPointer in
      unsafe rightBytes.withUnsafeBufferPointer { rightPointer in
        for index in 0..<count where unsafe leftPointer[index] != rightPointer[index] { return false }
        return true
      }
    }
  }
}

extension Text: Hashable {
  /// Feeds the bytes into a hasher.
  public func hash(into hasher: inout Hasher) {
    let bytes = string.utf8Span.span
    // SAFETY: the pointer does not leave the closure.
    unsafe bytes.withUnsafeBufferPointer { pointer in
      unsafe hasher.combine(bytes: UnsafeRawBufferPointer(pointer))
    }
    hasher.combine(0xff as UInt8)
  }
}

extension Text: Comparable {
  /// Whether `left` comes before `right` in the order of their bytes, as `strcmp` has it.
  public static func < (left: Text, right: Text) -> Bool {
    let leftBytes = left.string.utf8Span.span
    let rightBytes = right.string.utf8Span.span
    let count = min(leftBytes.count, rightBytes.count)
    for index in 0..<count where leftBytes[index] != rightBytes[index] {
      return leftBytes[index] < rightBytes[index]
    }
    return leftBytes.count < rightBytes.count
  }
}

extension JSONValue {
  /// About how much memory the value takes, or how many bytes it has when written, whichever is more.
  ///
  /// Limits on what waits or is put together are counted in this.
  public var weightByteCount: Int {
    switch self {
    case .null, .bool, .integer, .real: Self.slotByteCount
    case .string(let text): Self.slotByteCount + text.byteCount
    case .array(let elements):
      elements.reduce(Self.bufferByteCount) { $0 + $1.weightByteCount }
    case .object(let object):
      object.members.reduce(Self.bufferByteCount) {
        $0 + Self.slotByteCount + $1.name.byteCount + $1.value.weightByteCount
      }
    }
  }

  /// Bytes of a value in an array, and of the array itself.
  private static var slotByteCount: Int { 24 }
  private static var bufferByteCount: Int { 64 }
}

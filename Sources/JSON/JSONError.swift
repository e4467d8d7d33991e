/// Why bytes are not JSON, and where.
public struct JSONError: Error, Equatable, Sendable {
  /// What is wrong, in Open vSwitch's words where it has any.
  public let reason: String
  /// Line, from 0.
  public let line: Int
  /// Column in bytes, from 0.
  public let column: Int
  /// Place in bytes from the start of the value, from 0.
  public let byte: Int

  /// Place and reason, as Open vSwitch prints them.
  public var message: String { "line \(line), column \(column), byte \(byte): \(reason)" }
}

/// What the parser accepts at most.
public struct JSONLimits: Sendable {
  /// Levels of arrays and objects within each other.
  public var depth = 1000
  /// Bytes of one value.
  public var byteCount = 256 << 20
  /// Values within one; a few bytes of text can be an array or an object, which takes a hundred of memory.
  public var valueCount = Int.max

  /// The limits that hold unless the caller says otherwise.
  public init() {}

  /// Makes limits.
  public init(depth: Int, byteCount: Int, valueCount: Int = .max) {
    self.depth = depth
    self.byteCount = byteCount
    self.valueCount = valueCount
  }

  /// What a server accepts from a client: transactions are far smaller, and nothing makes it trust them.
  public static var request: JSONLimits {
    JSONLimits(depth: 1000, byteCount: 256 << 20, valueCount: 1 << 23)
  }
}

/// Cuts a stream of bytes into JSON values, whatever the chunks it comes in.
///
/// A value ends with the bracket that closes its first. Each byte is looked at once to find that bracket,
/// and once more to parse, so a long value that comes in many chunks costs no more than one that comes whole.
public struct JSONStream: Sendable {
  private let limits: JSONLimits
  private var buffer: [UInt8] = []
  /// Where the value that is being received starts in the buffer.
  private var valueStart = 0
  /// First byte that has not been looked at.
  private var scanPosition = 0
  private var depth = 0
  private var isInString = false
  private var isAfterBackslash = false
  private var failure: JSONError?

  /// Makes a stream at its beginning.
  public init(limits: JSONLimits = JSONLimits()) {
    self.limits = limits
  }

  /// Bytes received that belong to no value yet.
  public var pendingByteCount: Int { buffer.count - valueStart }

  /// Whether the stream stands between two values.
  public var isBetweenValues: Bool { depth == 0 && valueStart == buffer.count }

  /// Adds bytes to the stream.
  public mutating func append(_ chunk: [UInt8]) {
    append(chunk[...])
  }

  /// Adds bytes to the stream.
  public mutating func append(_ chunk: ArraySlice<UInt8>) {
    if valueStart == buffer.count {
      buffer.removeAll(keepingCapacity: true)
      scanPosition = 0
      valueStart = 0
    } else if valueStart > 1 << 16, valueStart > buffer.count / 2 {
      buffer.removeSubrange(..<valueStart)
      scanPosition -= valueStart
      valueStart = 0
    }
    buffer.append(contentsOf: chunk)
  }

  /// The next value that has come in whole, if there is one.
  ///
  /// After an error the stream cannot go on, since nobody knows where the next value starts: every further
  /// call gives the same error.
  public mutating func next() throws(JSONError) -> JSONValue? {
    if let failure { throw failure }
    do throws(JSONError) {
      return try scan()
    } catch {
      failure = error
      throw error
    }
  }

  private mutating func scan() throws(JSONError) -> JSONValue? {
    if depth == 0 {
      try skipSpaceBeforeValue()
    }
    var index = scanPosition
    let end = buffer.count
    while index < end {
      let byte = buffer[index]
      index += 1
      if isInString {
        if isAfterBackslash {
          isAfterBackslash = false
        } else if byte == UInt8(ascii: "\\") {
          isAfterBackslash = true
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""):
        isInString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        if depth > limits.depth { throw parseError(to: index) }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        guard depth <= 0 else { continue }
        depth = 0
        let start = valueStart
        scanPosition = index
        valueStart = index
        return try JSONParser.parse(buffer, from: start, to: index, limits: limits)
      default: break
      }
    }
    scanPosition = index
    guard end - valueStart <= limits.byteCount else { throw parseError(to: index) }
    return nil
  }

  private mutating func skipSpaceBeforeValue() throws(JSONError) {
    while scanPosition < buffer.count {
      switch buffer[scanPosition] {
      case 0x20, 0x09, 0x0a, 0x0d:
        scanPosition += 1
        valueStart = scanPosition
      case UInt8(ascii: "{"), UInt8(ascii: "["): return
      default: throw parseError(to: min(buffer.count, scanPosition + 64))
      }
    }
  }

  /// The error that parsing the bytes so far gives.
  private func parseError(to end: Int) -> JSONError {
    do throws(JSONError) {
      _ = try JSONParser.parse(buffer, from: valueStart, to: end, limits: limits)
    } catch {
      return error
    }
    return JSONError(reason: "syntax error", line: 0, column: 0, byte: end - valueStart)
  }
}

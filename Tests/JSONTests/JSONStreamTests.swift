import JSON
import Testing

@Suite struct JSONStreamTests {
  static let values = #"{"a":"]}\"\\","b":[{}]} [1,[2]]"# + "\n\n{\"c\":\"é\"}[]"

  @Test("values come out the same however the stream is cut into chunks")
  func chunks() throws {
    let bytes = Array(Self.values.utf8)
    let expected: [JSONValue] = [
      ["a": "]}\"\\", "b": [[:]]], [1, [2]], ["c": "é"], [],
    ]
    for size in 1...bytes.count {
      var stream = JSONStream()
      var found: [JSONValue] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        stream.append(bytes[start..<min(bytes.count, start + size)])
        while let value = try stream.next() { found.append(value) }
      }
      #expect(found == expected)
      #expect(stream.isBetweenValues)
    }
  }

  @Test("a stream that does not start with a bracket is an error that stays")
  func garbage() {
    var stream = JSONStream()
    stream.append(Array("hello".utf8))
    #expect(throws: JSONError.self) { try stream.next() }
    stream.append(Array("[]".utf8))
    #expect(throws: JSONError.self) { try stream.next() }
  }

  @Test("a value over the limit is refused before it is complete")
  func limits() {
    var stream = JSONStream(limits: JSONLimits(depth: 3, byteCount: 10))
    stream.append(Array("[[[[".utf8))
    #expect(throws: JSONError.self) { try stream.next() }
    stream = JSONStream(limits: JSONLimits(depth: 3, byteCount: 10))
    stream.append(Array("[1234567890".utf8))
    #expect(throws: JSONError.self) { try stream.next() }
  }

  @Test("a long value in many chunks is received")
  func longValue() throws {
    var stream = JSONStream()
    stream.append(Array("[".utf8))
    for _ in 0..<20000 {
      stream.append(Array("\"0123456789\",".utf8))
      #expect(try stream.next() == nil)
    }
    stream.append(Array("1]".utf8))
    #expect(try stream.next()?.array?.count == 20001)
  }
}

import JSON

/// What parses is written so that it parses to the same value, whole or in two chunks.
func fuzz(_ input: Span<UInt8>) {
  let bytes = [UInt8](input)
  let limits = JSONLimits(depth: 100, byteCount: 1 << 20)
  let whole = try? JSONParser.parse(bytes, limits: limits)
  if let whole {
    for style in [JSONWriter.Style.compact, .sorted, .pretty] {
      guard (try? JSONParser.parse(whole.bytes(style: style))) == whole else {
        fatalError("what was written does not read back")
      }
    }
  }
  var stream = JSONStream(limits: limits)
  var values: [JSONValue] = []
  let middle = bytes.count / 2
  for chunk in [bytes[..<middle], bytes[middle...]] {
    stream.append(chunk)
    while let value = try? stream.next() { values.append(value) }
  }
  if let whole, values != [whole] { fatalError("the stream and the parser differ") }
}

import JSON

/// What parses is written so that it parses to an equal value, whole or in two chunks.
func fuzz(_ input: Span<UInt8>) {
  let bytes = [UInt8](input)
  let limits = JSONLimits(depth: 100, byteCount: 1 << 20)
  let whole = try? JSONParser.parse(bytes, limits: limits)
  if let whole {
    for style in [JSONWriter.Style.compact, .sorted, .pretty] {
      guard let again = try? JSONParser.parse(whole.bytes(style: style)), areEqual(again, whole) else {
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

/// Whether two values are equal, where 1 equals 1.0: a real that is a whole number is written without a point.
private func areEqual(_ left: JSONValue, _ right: JSONValue) -> Bool {
  switch (left, right) {
  case (.array(let left), .array(let right)):
    left.count == right.count && zip(left, right).allSatisfy(areEqual)
  case (.object(let left), .object(let right)):
    left.count == right.count
      && left.members.allSatisfy { member in right[member.name].map { areEqual(member.value, $0) } ?? false }
  default: left == right || (left.double != nil && left.double == right.double)
  }
}

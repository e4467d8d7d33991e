public import JSON

// Sets, maps and scalars in the notation of command lines: `a,b`, `[a, b]`, `k=v`, `{k=v, l=w}`.

extension Datum {
  /// Reads a value of a type, and checks that it is allowed.
  ///
  /// - Parameter symbol: What a row's `@name`, found where the type has a reference, stands for.
  public init(text: String, type: ColumnType, symbol: (Text, BaseType) -> UUID) throws(ValueTextError) {
    var parser = DatumParser(text: text, type: type)
    self = try parser.parse(symbol: symbol)
  }
}

private struct DatumParser {
  let text: String
  let type: ColumnType
  var tokens: ValueTokens
  var keys: [Atom] = []
  var values: [Atom] = []

  init(text: String, type: ColumnType) {
    self.text = text
    self.type = type
    tokens = ValueTokens(text)
  }

  mutating func parse(symbol: (Text, BaseType) -> UUID) throws(ValueTextError) -> Datum {
    let end = readOpening()
    while let byte = tokens.next, byte != end {
      if ValueTokens.isDelimiter(byte) {
        throw ValueTextError("\(text): unexpected \"\(character(byte))\" parsing \(type.englishName)")
      }
      try readElement(symbol: symbol)
      tokens.skipSpaces()
      if tokens.next == UInt8(ascii: ",") {
        tokens.skip(1)
        tokens.skipSpaces()
      }
    }
    if let end { try readClosing(end) }
    try checkCount()
    return try datum()
  }

  private mutating func readOpening() -> UInt8? {
    tokens.skipSpaces()
    guard tokens.next == (type.isMap ? UInt8(ascii: "{") : UInt8(ascii: "[")) else { return nil }
    tokens.skip(1)
    tokens.skipSpaces()
    return type.isMap ? UInt8(ascii: "}") : UInt8(ascii: "]")
  }

  private mutating func readClosing(_ end: UInt8) throws(ValueTextError) {
    guard tokens.next == end else {
      throw ValueTextError("\(text): missing \"\(character(end))\" at end of data")
    }
    tokens.skip(1)
    tokens.skipSpaces()
    if tokens.next != nil {
      throw ValueTextError("\(text): trailing garbage after \"\(character(end))\"")
    }
  }

  private mutating func readElement(symbol: (Text, BaseType) -> UUID) throws(ValueTextError) {
    let start = tokens.position
    let token = try tokens.token()
    switch try type.key.atomOrRange(text: token, symbol: symbol, allowsRange: !type.isMap) {
    case .atom(let atom): keys.append(atom)
    case .range(let range): keys += range.map { .integer($0) }
    }
    guard let valueType = type.value else { return }
    tokens.skipSpaces()
    guard tokens.next == UInt8(ascii: "=") else {
      let found = tokens.next.map { character($0) } ?? ""
      throw ValueTextError("\(tokens.text(from: start)): syntax error at \"\(found)\" expecting \"=\"")
    }
    tokens.skip(1)
    tokens.skipSpaces()
    values.append(try valueType.atom(text: try tokens.token(), symbol: symbol))
  }

  private func checkCount() throws(ValueTextError) {
    if keys.count < type.minimum {
      throw ValueTextError(
        "\(text): \(keys.count) value(s) specified but the minimum number is \(type.minimum)")
    }
    if keys.count > type.maximum {
      throw ValueTextError(
        "\(text): \(keys.count) value(s) specified but the maximum number is \(type.maximum)")
    }
  }

  private func datum() throws(ValueTextError) -> Datum {
    let datum = type.isMap ? Datum(map: zip(keys, values)) : Datum(set: keys)
    guard datum.count == keys.count else {
      throw ValueTextError(
        type.isMap ? "\(text): map contains duplicate key" : "\(text): set contains duplicate value")
    }
    return datum
  }

  private func character(_ byte: UInt8) -> String { String(decoding: [byte], as: UTF8.self) }
}

extension ColumnType {
  /// What the type is, for people.
  var englishName: String {
    if isScalar { return key.type.name.string }
    var name = isMap ? "map" : "set"
    if maximum == Self.unlimited {
      name += minimum > 0 ? " of \(minimum) or more" : " of"
    } else if minimum > 0 {
      name += " of \(minimum) to \(maximum)"
    } else {
      name += " of up to \(maximum)"
    }
    guard let value else { return "\(name) \(key.type.name)s" }
    return "\(name) (\(key.type.name), \(value.type.name)) pairs"
  }
}

import JSON

// The notation of values for people, as the command line tools print it.

extension Atom {
  /// The value as tools print it, strings in quotes where they could be taken for something else.
  public var displayText: String {
    switch self {
    case .string(let text) where text.needsQuotes: JSONValue.string(text).string()
    default: bareText
    }
  }

  /// The value without any quotes.
  public var bareText: String {
    switch self {
    case .integer(let value): String(value)
    case .real(let value): JSONWriter.text(of: value)
    case .boolean(let value): value ? "true" : "false"
    case .string(let value): value.string
    case .uuid(let value): value.text
    }
  }
}

extension Datum {
  /// The value as tools print it for a column of that type: `[a, b]`, `{a=b, c=d}` or a scalar by itself.
  public func displayText(_ type: ColumnType) -> String {
    let isBracketed = type.maximum > 1 || isEmpty
    let keys = self.keys
    let values = self.values
    var text = isBracketed ? (type.isMap ? "{" : "[") : ""
    for index in keys.indices {
      if index > 0 { text += ", " }
      text += keys[index].displayText
      if type.isMap { text += "=" + values[index].displayText }
    }
    if isBracketed { text += type.isMap ? "}" : "]" }
    return text
  }

  /// The value without brackets and quotes, parts separated by spaces.
  public func bareText(_ type: ColumnType) -> String {
    let keys = self.keys
    let values = self.values
    var text = ""
    for index in keys.indices {
      if index > 0 { text += " " }
      text += keys[index].bareText
      if type.isMap { text += "=" + values[index].bareText }
    }
    return text
  }
}

extension Text {
  /// Whether the tools print this string in quotes: unless it looks like a word.
  var needsQuotes: Bool {
    var isFirst = true
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
        break
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
        if isFirst { return true }
      default: return true
      }
      isFirst = false
    }
    return isFirst || self == "true" || self == "false" || UUID(string) != nil
  }
}

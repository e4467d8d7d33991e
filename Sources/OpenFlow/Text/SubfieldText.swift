import Datapath

extension Subfield {
  /// Reads `field[]`, `field[3]` or `field[0..15]` at the start of a text, and says where the rest begins.
  ///
  /// A bare field name is the whole field.
  static func parsePrefix(_ text: TextBytes) throws(FlowTextError) -> (subfield: Subfield, rest: TextBytes) {
    let end = text.firstIndex { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "-") } ?? text.endIndex
    let name = text[text.startIndex..<end]
    guard let field = Field.named(name.span) ?? Field.specificationNamed(name.span) else {
      throw FlowTextError("\(text.string): unknown field `\(name.string)'")
    }
    let rest = text[end...]
    guard rest.first == UInt8(ascii: "["), let close = rest.firstIndex(of: UInt8(ascii: "]")) else {
      if rest.first == UInt8(ascii: "[") { throw syntaxError(text) }
      return (Subfield(field), rest)
    }
    let range = rest[(rest.startIndex &+ 1)..<close]
    let after = rest[(close &+ 1)...]
    if range.isEmpty { return (Subfield(field), after) }
    let (first, last) = try bounds(range, in: text)
    guard first <= last else {
      throw FlowTextError("\(text.string): starting bit \(first) is after ending bit \(last)")
    }
    guard first < field.bitCount else {
      throw FlowTextError(
        "\(text.string): starting bit \(first) is not valid because field is only \(field.bitCount) bits wide"
      )
    }
    guard last < field.bitCount else {
      throw FlowTextError(
        "\(text.string): ending bit \(last) is not valid because field is only \(field.bitCount) bits wide")
    }
    return (Subfield(field, offset: first, bitCount: last - first + 1), after)
  }

  private static func bounds(_ range: TextBytes, in text: TextBytes) throws(FlowTextError) -> (Int, Int) {
    let parts: (TextBytes, TextBytes)
    if let dots = range.firstRange(of: "..") {
      parts = (range[range.startIndex..<dots.lowerBound], range[dots.upperBound...])
    } else {
      parts = (range, range)
    }
    guard let first = wholeNumber(parts.0, base: 10), let last = wholeNumber(parts.1, base: 10),
      first <= 0xffff, last <= 0xffff
    else {
      throw syntaxError(text)
    }
    return (Int(first), Int(last))
  }

  private static func syntaxError(_ text: TextBytes) -> FlowTextError {
    FlowTextError("\(text.string): syntax error expecting [] or [<bit>] or [<start>..<end>]")
  }

  /// Reads a subfield that takes up the whole text.
  static func parse(_ text: TextBytes) throws(FlowTextError) -> Subfield {
    let (subfield, rest) = try parsePrefix(text)
    guard rest.isEmpty else {
      throw FlowTextError("unexpected input following field syntax")
    }
    return subfield
  }

  /// Writes the field's name in the specifications, and the bits.
  func write(to writer: inout TextWriter) {
    writer.append(field.specificationName)
    if isWholeField {
      writer.append("[]")
    } else if bitCount == 1 {
      writer.append(UInt8(ascii: "["))
      writer.decimal(offset)
      writer.append(UInt8(ascii: "]"))
    } else {
      writer.append(UInt8(ascii: "["))
      writer.decimal(offset)
      writer.append("..")
      writer.decimal(offset &+ bitCount &- 1)
      writer.append(UInt8(ascii: "]"))
    }
  }
}

extension Field {
  /// The name in the specifications: NXM's if it has one, else OXM's, else the plain name.
  var specificationName: String {
    let row = self.row
    return row.nxm?.name ?? row.onf?.name ?? row.oxm?.name ?? row.name
  }
}

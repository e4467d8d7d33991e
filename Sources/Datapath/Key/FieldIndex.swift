/// Finds fields by name or header.
enum FieldIndex {
  /// By name in flow syntax.
  static let byName = FieldNameIndex { row, add in
    add(row.name)
    if let alias = row.alias { add(alias) }
  }

  /// By name in specifications, such as `NXM_OF_IN_PORT`.
  static let bySpecificationName = FieldNameIndex { row, add in
    if let nxm = row.nxm { add(nxm.name) }
    if let oxm = row.oxm { add(oxm.name) }
    if let onf = row.onf { add(onf.name) }
  }

  static let byHeader: [UInt64: Field] = {
    var index: [UInt64: Field] = [:]
    for number in 0..<Field.count {
      guard let field = Field(number: number) else { continue }
      let row = field.row
      if let nxm = row.nxm { index[nxm.key] = field }
      if let oxm = row.oxm { index[oxm.key] = field }
      if let onf = row.onf { index[onf.key] = field }
    }
    return index
  }()
}

/// An open-addressing table from names, as bytes, to fields.
struct FieldNameIndex: Sendable {
  private var slots: [UInt16]
  private var names: [(bytes: [UInt8], field: Field)]

  init(_ namesOf: (FieldRow, (String) -> Void) -> Void) {
    slots = Array(repeating: 0, count: 1024)
    names = []
    var found: [(bytes: [UInt8], field: Field)] = []
    for number in 0..<Field.count {
      guard let field = Field(number: number) else { continue }
      namesOf(field.row) { found.append((Array($0.utf8), field)) }
    }
    for entry in found { insert(entry.bytes, entry.field) }
  }

  private mutating func insert(_ bytes: [UInt8], _ field: Field) {
    var slot = FieldNameIndex.hash(bytes.span)
    while slots[slot] != 0 { slot = (slot &+ 1) & 1023 }
    names.append((bytes, field))
    slots[slot] = UInt16(truncatingIfNeeded: names.count)
  }

  func find(_ name: Span<UInt8>) -> Field? {
    var slot = FieldNameIndex.hash(name)
    while slots[slot] != 0 {
      let index = Int(slots[slot]) - 1
      if FieldNameIndex.equal(names[index].bytes, name) { return names[index].field }
      slot = (slot &+ 1) & 1023
    }
    return nil
  }

  private static func equal(_ left: [UInt8], _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left[index] != right[index] { return false }
    return true
  }

  /// FNV-1a, folded to the size of the table.
  private static func hash(_ name: Span<UInt8>) -> Int {
    var hash: UInt32 = 0x811c_9dc5
    for index in 0..<name.count { hash = (hash ^ UInt32(name[index])) &* 0x0100_0193 }
    return Int((hash ^ (hash >> 10) ^ (hash >> 20)) & 1023)
  }
}

extension Field {
  /// The field with a name of flow syntax, such as `nw_src` or `ip_src`.
  public static func named(_ name: Span<UInt8>) -> Field? { FieldIndex.byName.find(name) }

  /// The field with a name of flow syntax, such as `nw_src` or `ip_src`.
  public static func named(_ name: String) -> Field? { named(Array(name.utf8).span) }

  /// The field with a name of the specifications, such as `NXM_OF_IN_PORT` or `OXM_OF_IN_PORT`.
  public static func specificationNamed(_ name: Span<UInt8>) -> Field? {
    FieldIndex.bySpecificationName.find(name)
  }
}

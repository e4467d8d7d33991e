// The answer to a table features request (OpenFlow 1.3, section 7.3.5.5): what each table is called, takes, matches and does.
// All tables are alike, but for the tables that they can go on to.

import Datapath
import OpenFlow

extension BridgeAgent {
  /// What each table can do, in the form of a version.
  func tableFeatures(_ version: OpenFlowVersion) -> [TableFeatures] {
    let abilities = TablePropertiesWriter.abilities(version)
    return (0..<FlowTables.visibleCount).map { number in
      let table = bridge.tables.tables[number]
      return TableFeatures(
        tableID: UInt8(truncatingIfNeeded: number), name: table.name ?? "",
        maximumEntries: UInt32(clamping: table.ruleLimit),
        properties: TablePropertiesWriter.steps(number, version) + abilities)
    }
  }
}

/// Writes the properties of tables.
///
/// With a miss and without one a table does the same, so the properties of the miss are left out.
struct TablePropertiesWriter {
  private let version: OpenFlowVersion
  private var bytes: [UInt8] = []

  private init(_ version: OpenFlowVersion) { self.version = version }

  /// Where a table's packets can go next, and by which instructions.
  static func steps(_ number: Int, _ version: OpenFlowVersion) -> [UInt8] {
    var writer = TablePropertiesWriter(version)
    let isLast = number == FlowTables.visibleCount - 1
    writer.property(0) { writer in
      let gotoTable: UInt64 = 1
      let meter: UInt64 = 6
      writer.codes((isLast ? [] : [gotoTable]) + [2, 3, 4, 5] + (version >= .v15 ? [] : [meter]))
    }
    writer.property(2) { writer in
      for next in number + 1..<FlowTables.visibleCount {
        writer.bytes.append(UInt8(truncatingIfNeeded: next))
      }
    }
    return writer.bytes
  }

  /// What all tables can match and do: actions, and fields to match and set.
  static func abilities(_ version: OpenFlowVersion) -> [UInt8] {
    var writer = TablePropertiesWriter(version)
    let actions: [UInt64] = [0] + Array(15...25)
    writer.property(4) { $0.codes(actions) }
    writer.property(12) { $0.fields { $0.isWritable ? false : nil } }
    writer.property(6) { $0.codes(actions) }
    writer.property(14) { $0.fields { $0.isWritable ? false : nil } }
    writer.property(8) { $0.fields { $0.isMaskable } }
    writer.property(10) { $0.fields { _ in false } }
    return writer.bytes
  }

  private mutating func integer(_ value: UInt64, byteCount: Int) {
    for index in (0..<byteCount).reversed() {
      bytes.append(index < 8 ? UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) : 0)
    }
  }

  /// Writes a property, padded to eight bytes, which its length does not count.
  private mutating func property(_ type: UInt64, _ body: (inout TablePropertiesWriter) -> Void) {
    let start = bytes.count
    integer(type, byteCount: 2)
    integer(0, byteCount: 2)
    body(&self)
    let count = bytes.count - start
    bytes[start + 2] = UInt8(truncatingIfNeeded: count >> 8)
    bytes[start + 3] = UInt8(truncatingIfNeeded: count)
    integer(0, byteCount: (8 - count % 8) % 8)
  }

  /// Writes the numbers of actions or instructions.
  private mutating func codes(_ codes: [UInt64]) {
    for code in codes {
      integer(code, byteCount: 2)
      integer(4, byteCount: 2)
    }
  }

  /// Writes the headers of fields; `isMasked` says whether with a mask, or nil to leave one out.
  private mutating func fields(_ isMasked: (Field) -> Bool?) {
    for number in 0..<Field.count {
      guard let field = Field(number: number), field.row.compatibility != .unsupported,
        let header = field.header(openFlowVersion: version.rawValue), let isMasked = isMasked(field)
      else { continue }
      integer(UInt64(header.wire(byteCount: field.byteCount, isMasked: isMasked)), byteCount: 4)
      if header.isExperimenter { integer(UInt64(header.experimenter), byteCount: 4) }
    }
  }
}

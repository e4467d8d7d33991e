// The answer to a table features request (OpenFlow 1.3, section 7.3.5.5): what each table is called, takes, matches and does.
// All tables are alike, but for the tables that they can go on to.

import Datapath
import OpenFlow

/// Writes table features.
struct TableFeaturesWriter {
  let version: OpenFlowVersion
  private var bytes: [UInt8] = []

  init(_ version: OpenFlowVersion) { self.version = version }

  /// The replies to a request: as many messages as it takes.
  static func messages(_ bridge: Bridge, _ version: OpenFlowVersion, xid: UInt32) -> [UInt8] {
    let most = 65_535 - 16
    var output: [UInt8] = []
    var body: [UInt8] = []
    var common = TableFeaturesWriter(version)
    common.writeAbilities()
    for number in 0..<FlowTables.visibleCount {
      var writer = TableFeaturesWriter(version)
      writer.write(number, bridge.tables.tables[number], abilities: common.bytes)
      if body.count + writer.bytes.count > most {
        output += message(body, version, xid, hasMore: true)
        body = []
      }
      body += writer.bytes
    }
    return output + message(body, version, xid, hasMore: false)
  }

  private static func message(
    _ body: [UInt8], _ version: OpenFlowVersion, _ xid: UInt32, hasMore: Bool
  ) -> [UInt8] {
    var writer = TableFeaturesWriter(version)
    writer.bytes = [version.rawValue, 19]
    writer.integer(UInt64(16 + body.count), byteCount: 2)
    writer.integer(UInt64(xid), byteCount: 4)
    writer.integer(12, byteCount: 2)
    writer.integer(hasMore ? 1 : 0, byteCount: 2)
    writer.integer(0, byteCount: 4)
    return writer.bytes + body
  }

  private mutating func integer(_ value: UInt64, byteCount: Int) {
    for index in (0..<byteCount).reversed() {
      bytes.append(index < 8 ? UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) : 0)
    }
  }

  private mutating func write(_ number: Int, _ table: FlowTables.Table, abilities: [UInt8]) {
    integer(0, byteCount: 2)
    bytes.append(UInt8(truncatingIfNeeded: number))
    integer(0, byteCount: 5)
    let name = Array((table.name ?? "").utf8.prefix(31))
    bytes += name
    integer(0, byteCount: 32 - name.count)
    integer(.max, byteCount: 8)
    integer(.max, byteCount: 8)
    integer(0, byteCount: 4)
    integer(UInt64(clamping: table.ruleLimit), byteCount: 4)
    // With a miss and without one a table does the same, so the properties of the miss are left out.
    let isLast = number == FlowTables.visibleCount - 1
    property(0) { writer in
      let gotoTable: UInt64 = 1
      let meter: UInt64 = 6
      writer.codes((isLast ? [] : [gotoTable]) + [2, 3, 4, 5] + (writer.version >= .v15 ? [] : [meter]))
    }
    property(2) { writer in
      for next in number + 1..<FlowTables.visibleCount {
        writer.bytes.append(UInt8(truncatingIfNeeded: next))
      }
    }
    bytes += abilities
    bytes[0] = UInt8(truncatingIfNeeded: bytes.count >> 8)
    bytes[1] = UInt8(truncatingIfNeeded: bytes.count)
  }

  /// Writes the properties that all tables share: actions, and fields to match and set.
  private mutating func writeAbilities() {
    property(4) { $0.codes([0] + Array(15...25)) }
    property(12) { $0.fields { $0.isWritable ? false : nil } }
    property(6) { $0.codes([0] + Array(15...25)) }
    property(14) { $0.fields { $0.isWritable ? false : nil } }
    property(8) { $0.fields { $0.isMaskable } }
    property(10) { $0.fields { _ in false } }
  }

  /// Writes a property, padded to eight bytes, which its length does not count.
  private mutating func property(_ type: UInt64, _ body: (inout TableFeaturesWriter) -> Void) {
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

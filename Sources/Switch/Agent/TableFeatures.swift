// The answer to a table features request (OpenFlow 1.3, section 7.3.5.5): that every table is alike, named, and as large as it
// is. What a table can match and do is left out, which the specification allows for properties that say nothing.

import OpenFlow

extension BridgeAgent {
  /// The body of a table features reply, in the form of a version.
  func tableFeatures(_ version: OpenFlowVersion) -> [UInt8] {
    var body: [UInt8] = []
    for number in 0..<FlowTables.visibleCount {
      let table = bridge.tables.tables[number]
      append(64, byteCount: 2, to: &body)
      body.append(UInt8(truncatingIfNeeded: number))
      append(0, byteCount: 5, to: &body)
      let name = Array((table.name ?? "table\(number)").utf8.prefix(31))
      body.append(contentsOf: name)
      append(0, byteCount: 32 - name.count, to: &body)
      append(.max, byteCount: 8, to: &body)
      append(.max, byteCount: 8, to: &body)
      append(0, byteCount: 4, to: &body)
      append(UInt64(clamping: table.ruleLimit), byteCount: 4, to: &body)
    }
    return body
  }

  private func append(_ value: UInt64, byteCount: Int, to body: inout [UInt8]) {
    for index in (0..<byteCount).reversed() {
      body.append(index < 8 ? UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) : 0)
    }
  }
}

// What: how a select group comes from a packet to one of its buckets.
//
// Why: the more of a packet decides, the more flows the datapath needs. If the datapath computes the hash (`dp_hash`), there are
// at most 256 flows for each group, however many connections pass. That needs a hash value for every unit of the least weight;
// where those would be too many, the hash is computed in translation, from addresses and ports, and each connection is a flow.
//
// How: `ovs-ofctl`(8) says of `selection_method` which of the ways a group's maker can ask for; without it, `dp_hash` is tried.

import Datapath
import OpenFlow

/// How a bucket of a select group is chosen.
enum BucketChoice {
  /// By the datapath's hash.
  case datapathHash(HashTable)
  /// By a hash over fields, which begins with a number.
  case fields([GroupField], parameter: UInt64)
  /// By a hash of addresses and ports that is the same for both directions of a connection.
  case symmetric

  /// The hash values of the datapath, and the bucket that each leads to.
  struct HashTable {
    /// The most hash values that a group can have.
    static var limit: Int { 256 }
    /// The least.
    static var minimum: Int { 16 }

    /// What the datapath hashes.
    var algorithm: UInt32
    /// What the datapath's hash begins with.
    var basis: UInt32
    /// The place of the bucket for each hash value; their number is a power of two.
    let buckets: [Int]

    /// The bits of the hash that count.
    var mask: UInt32 { UInt32(buckets.count &- 1) }
  }

  init(_ type: GroupType, _ buckets: [GroupBucket], _ selection: GroupSelection?) {
    self = .symmetric
    guard type == .select else { return }
    switch selection?.method {
    case .fields:
      let fields = selection?.fields ?? []
      if !fields.isEmpty { self = .fields(fields, parameter: selection?.parameter ?? 0) }
    case .datapathHash:
      if let table = HashTable(buckets, parameter: selection?.parameter ?? 0) { self = .datapathHash(table) }
    case .other: break
    case nil:
      if let table = HashTable(buckets) { self = .datapathHash(table) }
    }
  }
}

extension BucketChoice {
  /// How the choice came about, as the log says it line by line.
  func explanation(_ buckets: [GroupBucket], _ selection: GroupSelection?) -> [String] {
    var lines: [String] = []
    switch selection?.method {
    case nil: lines.append("No selection method specified. Trying dp_hash.")
    case let method?: lines.append("Selection method specified: \(method.name).")
    }
    switch self {
    case .fields: lines.append("Hash fields: \(selection?.fieldText ?? "")")
    case .symmetric where selection?.method == .fields:
      lines.append("No hash fields. Falling back to default hash method.")
    case .symmetric:
      lines += HashTable.weighing(buckets)
      lines.append("Falling back to default hash method.")
    case .datapathHash(let table):
      lines += HashTable.weighing(buckets)
      for (index, bucket) in buckets.enumerated() {
        let total = buckets.reduce(0) { $0 + Int($1.weight) }
        let target = (table.buckets.count * Int(bucket.weight) * 200 + total) / (2 * total)
        let rest = String(target % 100)
        lines.append(
          "  Bucket \(bucket.id.rawValue): weight=\(bucket.weight), target=\(target / 100).\(rest.utf8.count < 2 ? "0" : "")\(rest) "
            + "hits=\(table.buckets.count { $0 == index })")
      }
      lines.append(
        "Use dp_hash with \(table.buckets.count) hash values using algorithm \(table.algorithm).")
    }
    return lines
  }
}

extension BucketChoice.HashTable {
  /// What the buckets' weights ask for, as the log says it.
  fileprivate static func weighing(_ buckets: [GroupBucket]) -> [String] {
    guard !buckets.isEmpty else { return ["  Don't apply dp_hash method without buckets."] }
    let weights = buckets.map { Int($0.weight) }.filter { $0 > 0 }
    guard let least = weights.min() else { return ["  Total weight is zero. No active buckets."] }
    let total = weights.reduce(0, +)
    var size = minimum
    while size * least < total { size *= 2 }
    let isTooMany = size > limit
    return [
      "  Minimum weight: \(least), total weight: \(total)",
      isTooMany ? "  Too many hash values required: \(size)" : "  Using \(size) hash values:",
    ]
  }

  /// Hashes that a datapath computes (`enum ovs_hash_alg`).
  private enum Algorithm {
    static var transport: UInt32 { 0 }
    static var symmetric: UInt32 { 1 }
    static var count: UInt32 { 2 }
  }

  /// Makes the table for buckets of which nobody said how they are chosen; nil if it would be too long.
  init?(_ buckets: [GroupBucket]) {
    guard let places = Self.distribute(buckets) else { return nil }
    self.init(algorithm: Algorithm.symmetric, basis: 0, buckets: places)
  }

  /// Makes the table for a group that asks for `dp_hash`: the algorithm is in the parameter's upper half.
  init?(_ buckets: [GroupBucket], parameter: UInt64) {
    guard let places = Self.distribute(buckets) else { return nil }
    let algorithm = UInt32(truncatingIfNeeded: parameter >> 32)
    self.init(
      algorithm: algorithm < Algorithm.count ? algorithm : Algorithm.transport,
      basis: UInt32(truncatingIfNeeded: parameter), buckets: places)
  }

  /// Gives hash values to buckets by their weights, one after another to whichever is furthest behind (the method of Webster and
  /// Sainte-Laguë); nil if the lightest would need too many values for its one.
  private static func distribute(_ buckets: [GroupBucket]) -> [Int]? {
    var total = 0
    var least = Int.max
    for bucket in buckets where bucket.weight > 0 {
      total += Int(bucket.weight)
      least = min(least, Int(bucket.weight))
    }
    guard total > 0 else { return nil }
    let needed = (total + least - 1) / least
    guard needed <= limit else { return nil }
    var size = minimum
    while size < needed { size *= 2 }
    var divisors = [Int](repeating: 1, count: buckets.count)
    var places: [Int] = []
    for _ in 0..<size {
      var winner = 0
      for index in buckets.indices.dropFirst() {
        // weight / divisor is compared without division; the first of equals wins.
        let mine = Int(buckets[index].weight) * divisors[winner]
        if mine > Int(buckets[winner].weight) * divisors[index] { winner = index }
      }
      divisors[winner] += 2
      places.append(winner)
    }
    return places
  }
}

// What: how many packets a datapath has dropped, for each reason, as it says in the answer to who asks about it.
//
// Neither Linux nor Open vSwitch for Windows has such an attribute; both pass over attributes that they do not know. Daemon and
// driver may be of different versions, so either may know more reasons than the other.

/// Packets dropped, for each reason.
public struct DropCounts: Equatable, Sendable {
  /// The counters, in the order of ``DropReason``.
  private var values: [UInt64]

  /// Reasons of a message that are read at most.
  public static var maximumReasonCount: Int { 256 }

  /// Makes counters of zero.
  public init() { values = [] }

  /// Makes counters of what is said for each reason known here.
  public init(_ count: (DropReason) -> UInt64) { values = DropReason.allCases.map(count) }

  /// The counter of a reason.
  public subscript(_ reason: DropReason) -> UInt64 {
    get { reason.rawValue < values.count ? values[reason.rawValue] : 0 }
    set {
      grow(to: reason.rawValue + 1)
      values[reason.rawValue] = newValue
    }
  }

  /// The counters of all reasons that are not known here, in one.
  public var others: UInt64 { values.dropFirst(DropReason.allCases.count).reduce(0) { $0 &+ $1 } }

  /// Adds other counters, such as those of another processor.
  public mutating func add(_ other: DropCounts) {
    grow(to: other.values.count)
    for (place, value) in other.values.enumerated() { values[place] &+= value }
  }

  /// What was counted since; a counter that is less than it was has begun anew.
  public func growth(since old: DropCounts) -> DropCounts {
    var growth = self
    for (place, value) in old.values.enumerated() where place < values.count && value <= values[place] {
      growth.values[place] &-= value
    }
    return growth
  }

  private mutating func grow(to count: Int) {
    while values.count < count { values.append(0) }
  }

  func encode(into writer: inout AttributeWriter, as type: UInt16) {
    let attribute = writer.begin(type)
    for value in values { writer.append(littleEndian: value, byteCount: 8) }
    writer.finish(attribute)
  }

  init(decoding attribute: Attribute) throws(MessageError) {
    guard attribute.byteCount % 8 == 0 else {
      throw .wrongLength(attribute: attribute.type, found: attribute.byteCount)
    }
    values = (0..<min(Self.maximumReasonCount, attribute.byteCount / 8)).map {
      attribute.littleEndian(at: 8 * $0, byteCount: 8)
    }
  }
}

public import Datapath

/// `learn`: adds a flow, made from the packet, to a table.
public struct LearnAction: Hashable, Sendable {
  /// Of the new flow, in seconds; zero for none.
  public var idleTimeoutSeconds: UInt16 = 0
  /// Of the new flow, in seconds; zero for none.
  public var hardTimeoutSeconds: UInt16 = 0
  /// The idle timeout after a FIN or RST, in seconds; zero for none.
  public var finIdleTimeoutSeconds: UInt16 = 0
  /// The hard timeout after a FIN or RST, in seconds; zero for none.
  public var finHardTimeoutSeconds: UInt16 = 0
  /// Of the new flow.
  public var priority: UInt16 = 0x8000
  /// Of the new flow.
  public var cookie: UInt64 = 0
  /// The table to add to.
  public var table: UInt8 = 1
  /// How many flows with this cookie the table may hold; zero for any number.
  public var limit: UInt32 = 0
  /// Where to write whether the limit allowed the flow.
  public var result: Subfield?
  /// Whether the new flow's removal is reported.
  public var sendsFlowRemoved = false
  /// Whether learned flows go when the flow that learned them goes.
  public var deletesLearned = false
  /// What the new flow matches and does.
  public var specifications: [LearnSpecification] = []

  /// Learns into table 1.
  public init() {}
}

/// One part of a learned flow.
public struct LearnSpecification: Hashable, Sendable {
  /// Where the value comes from.
  public enum Source: Hashable, Sendable {
    /// Bits of the packet that is learned from.
    case field(Subfield)
    /// A constant.
    case value(FieldValue)
  }
  /// What is done with the value.
  public enum Destination: Hashable, Sendable {
    /// The new flow matches it.
    case match(Subfield)
    /// The new flow loads it.
    case load(Subfield)
    /// The new flow outputs to it.
    case output
  }

  /// How many bits the value has.
  public var bitCount: UInt16
  /// Where the value comes from.
  public var source: Source
  /// What is done with the value.
  public var destination: Destination

  /// One part of a learned flow.
  public init(bitCount: UInt16, source: Source, destination: Destination) {
    self.bitCount = bitCount
    self.source = source
    self.destination = destination
  }
}

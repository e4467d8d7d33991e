/// What a VXLAN header says about the sender's group (draft-smith-vxlan-group-policy, section 2.1).
public struct VXLANGroupPolicy: Hashable, Sendable, BitwiseCopyable {
  /// The group.
  public var identifier: UInt16
  /// Whether the receiver must not learn the inner source address.
  public var isLearningForbidden: Bool
  /// Whether the policy was already applied.
  public var isApplied: Bool

  /// Makes a group policy.
  @inlinable
  public init(identifier: UInt16, isLearningForbidden: Bool = false, isApplied: Bool = false) {
    self.identifier = identifier
    self.isLearningForbidden = isLearningForbidden
    self.isApplied = isApplied
  }

  /// Makes a group policy of a group and the flags as the second byte of the header holds them.
  @inlinable
  public init(identifier: UInt16, flags: UInt8) {
    self.init(identifier: identifier, isLearningForbidden: flags & 0x40 != 0, isApplied: flags & 0x08 != 0)
  }

  /// The two flags as the second byte of the header holds them: 0x40 no learning, 0x08 applied.
  @inlinable
  public var flags: UInt8 { (isLearningForbidden ? 0x40 : 0) | (isApplied ? 0x08 : 0) }
}

/// A VXLAN header (RFC 7348, section 5), with the bits of its group policy extension: eight bytes as one number.
public struct VXLANHeader: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// Length of the header, in bytes.
  @inlinable
  public static var byteCount: Int { 8 }
  /// The UDP port that is assigned to VXLAN.
  @inlinable
  public static var port: UInt16 { 4789 }
  /// The flag that the network identifier counts.
  @inlinable
  public static var identifierFlag: UInt32 { 0x0800_0000 }
  /// The flag that there is a group policy.
  @inlinable
  public static var groupPolicyFlag: UInt32 { 0x8000_0000 }
  /// The eight bytes: flags and what extensions put behind them 32, network identifier 24, reserved 8.
  public var rawValue: UInt64

  /// Makes a header from its eight bytes.
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Makes a header from its flags and a network identifier, of which 24 bits count.
  @inlinable
  public init(firstWord: UInt32, networkIdentifier: UInt32) {
    rawValue = UInt64(firstWord) << 32 | UInt64(networkIdentifier << 8)
  }

  /// Makes a header that says a network identifier, of which 24 bits count, and perhaps the sender's group.
  @inlinable
  public init(networkIdentifier: UInt32, groupPolicy: VXLANGroupPolicy? = nil) {
    var first = Self.identifierFlag
    if let groupPolicy {
      first |= Self.groupPolicyFlag | UInt32(groupPolicy.flags) << 16 | UInt32(groupPolicy.identifier)
    }
    self.init(firstWord: first, networkIdentifier: networkIdentifier)
  }

  /// Reads a header; nil if it is cut short.
  @inlinable
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.byteCount else { return nil }
    self.init(rawValue: bytes.bigEndian64(at: 0))
  }

  /// The flags and what extensions put behind them.
  @inlinable
  public var firstWord: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }

  /// The byte behind the identifier, which is zero in all that is specified.
  @inlinable
  public var reserved: UInt8 { UInt8(truncatingIfNeeded: rawValue) }

  /// Whether the network identifier counts; without it, the packet is to be dropped.
  @inlinable
  public var hasNetworkIdentifier: Bool { firstWord & Self.identifierFlag != 0 }

  /// Whether nothing is set but the identifier, as a receiver without extensions expects.
  @inlinable
  public var isPlain: Bool { firstWord == Self.identifierFlag && reserved == 0 }

  /// The network identifier, 24 bits.
  @inlinable
  public var networkIdentifier: UInt32 { UInt32(truncatingIfNeeded: rawValue) >> 8 }

  /// The group policy, if the header carries one.
  @inlinable
  public var groupPolicy: VXLANGroupPolicy? {
    guard firstWord & Self.groupPolicyFlag != 0 else { return nil }
    return VXLANGroupPolicy(
      identifier: UInt16(truncatingIfNeeded: firstWord), flags: UInt8(truncatingIfNeeded: firstWord >> 16))
  }

  /// Writes the header.
  ///
  /// - Precondition: `offset + byteCount` lies within the bytes.
  @inlinable
  public func write(to bytes: inout MutableRawSpan, at offset: Int = 0) {
    bytes.store(bigEndian64: rawValue, at: offset)
  }
}

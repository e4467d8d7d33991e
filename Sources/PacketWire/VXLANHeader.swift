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

  /// The two flags as the second byte of the header holds them: 0x40 no learning, 0x08 applied.
  @inlinable
  public var flags: UInt8 { (isLearningForbidden ? 0x40 : 0) | (isApplied ? 0x08 : 0) }
}

/// A view of a VXLAN header (RFC 7348, section 5), with the bits of its group policy extension.
public struct VXLANHeader: ~Escapable {
  /// Length of the header, in bytes.
  @inlinable
  public static var byteCount: Int { 8 }
  /// The UDP port that is assigned to VXLAN.
  @inlinable
  public static var port: UInt16 { 4789 }
  @usableFromInline let bytes: RawSpan

  /// Views a header; nil if it is cut short.
  @inlinable
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// The flags: 0x08 identifier valid, 0x80 group policy, 0x04 next protocol.
  @inlinable
  public var flags: UInt8 { bytes.byte(at: 0) }

  /// Whether the network identifier counts; without it, the packet is to be dropped.
  @inlinable
  public var hasNetworkIdentifier: Bool { flags & 0x08 != 0 }

  /// Whether nothing is set but the identifier, as a receiver without extensions expects.
  @inlinable
  public var isPlain: Bool { bytes.bigEndian32(at: 0) == 0x0800_0000 && bytes.byte(at: 7) == 0 }

  /// The network identifier, 24 bits.
  @inlinable
  public var networkIdentifier: UInt32 { bytes.bigEndian32(at: 4) >> 8 }

  /// The group policy, if the header carries one.
  @inlinable
  public var groupPolicy: VXLANGroupPolicy? {
    guard flags & 0x80 != 0 else { return nil }
    let second = bytes.byte(at: 1)
    return VXLANGroupPolicy(
      identifier: bytes.bigEndian16(at: 2), isLearningForbidden: second & 0x40 != 0,
      isApplied: second & 0x08 != 0)
  }

  /// The type of what follows, if the header says it.
  ///
  /// Numbers are those of a network service header (draft-ietf-nvo3-vxlan-gpe, section 3.2).
  @inlinable
  public var nextProtocol: UInt8? { flags & 0x04 != 0 ? bytes.byte(at: 3) : nil }

  /// What follows the header.
  @inlinable
  public var payload: RawSpan {
    @_lifetime(copy self)
    get { bytes.from(Self.byteCount) }
  }

  /// Writes a header.
  ///
  /// - Precondition: `offset + byteCount` lies within the bytes.
  @inlinable
  public static func write(
    networkIdentifier: UInt32, groupPolicy: VXLANGroupPolicy? = nil, to bytes: inout MutableRawSpan,
    at offset: Int = 0
  ) {
    var first: UInt32 = 0x0800_0000
    if let groupPolicy {
      first |= 0x8000_0000 | UInt32(groupPolicy.flags) << 16 | UInt32(groupPolicy.identifier)
    }
    bytes.store(bigEndian32: first, at: offset)
    bytes.store(bigEndian32: networkIdentifier << 8, at: offset &+ 4)
  }
}

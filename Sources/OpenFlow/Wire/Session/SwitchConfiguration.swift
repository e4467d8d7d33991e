/// What a switch does with IP fragments.
public enum FragmentHandling: UInt16, Hashable, Sendable {
  /// Fragments are treated as other packets, but their transport ports match as zero (OFPC_FRAG_NORMAL).
  case normal = 0
  /// Fragments are dropped (OFPC_FRAG_DROP).
  case drop = 1
  /// Fragments are reassembled (OFPC_FRAG_REASM).
  case reassemble = 2
  /// A first fragment matches by its transport ports, a later one by zero (OFPC_FRAG_NX_MATCH).
  case niciraMatch = 3

  /// The name that commands print and accept.
  public var name: String {
    switch self {
    case .normal: "normal"
    case .drop: "drop"
    case .reassemble: "reassemble"
    case .niciraMatch: "nx-match"
    }
  }

  /// The handling with a name; nil if there is none.
  public init?(name: String) {
    switch name {
    case "normal": self = .normal
    case "drop": self = .drop
    case "reassemble": self = .reassemble
    case "nx-match": self = .niciraMatch
    default: return nil
    }
  }
}

/// What get-config replies and set-config requests carry.
public struct SwitchConfiguration: Hashable, Sendable {
  /// How fragments are handled.
  public var fragments: FragmentHandling
  /// Whether packets whose TTL would become invalid go to the controller; unset when the version (1.3 and later)
  /// has no such flag.
  public var invalidTTLToController: Bool?
  /// How many bytes of a packet go to the controller.
  public var missSendLength: UInt16

  /// Makes a configuration.
  public init(
    fragments: FragmentHandling = .normal, invalidTTLToController: Bool? = nil, missSendLength: UInt16 = 0
  ) {
    self.fragments = fragments
    self.invalidTTLToController = invalidTTLToController
    self.missSendLength = missSendLength
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> SwitchConfiguration {
    let flags = try reader.uint16()
    let length = try reader.uint16()
    try reader.requireEnd()
    guard let fragments = FragmentHandling(rawValue: flags & 3), flags & ~7 == 0 else {
      throw .switchConfigFailedBadFlags
    }
    var invalid: Bool?
    if version < .v13 {
      invalid = flags & 4 != 0
    } else if flags & 4 != 0 {
      throw .switchConfigFailedBadFlags
    }
    return SwitchConfiguration(fragments: fragments, invalidTTLToController: invalid, missSendLength: length)
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    var flags = fragments.rawValue
    if version < .v13, invalidTTLToController == true { flags |= 4 }
    writer.uint16(flags)
    writer.uint16(missSendLength)
  }
}

/// A message about connections that are tracked, or about how.
public enum TrackingMessage: Equatable, Sendable {
  /// About connections.
  case connection(ConnectionCommand, ConnectionMessage)
  /// About limits by zone.
  case limit(ConnectionLimitCommand, ConnectionLimitMessage)
  /// About a timeout policy.
  case policy(TimeoutPolicyCommand, TimeoutPolicyMessage)
  /// About settings.
  case settings(ConnectionSettingsCommand, ConnectionSettingsMessage)

  /// Whether messages of a family are such.
  public static func has(_ family: MessageFamily) -> Bool {
    family == .connectionLimit || family == .connectionSettings || family.rawValue >> 8 == 1
      || family.rawValue >> 8 == 8
  }

  /// The version that messages of such a family say at least; nfnetlink's is 0.
  public static func version(of family: MessageFamily) -> UInt8 { family.isNetfilter ? 0 : 1 }

  /// The message's type, and the first two bytes behind the netlink header.
  var identity: (family: MessageFamily, command: UInt8, version: UInt8) {
    switch self {
    case .connection(let command, let message): (.connection(command), message.addressFamily, 0)
    case .limit(let command, _): (.connectionLimit, command.rawValue, 1)
    case .policy(let command, _): (.timeoutPolicy(command), 0, 0)
    case .settings(let command, _): (.connectionSettings, command.rawValue, 1)
    }
  }

  func encode(into writer: inout AttributeWriter) {
    switch self {
    case .connection(_, let message): message.encode(into: &writer)
    case .limit(_, let message): message.encode(into: &writer)
    case .policy(_, let message): message.encode(into: &writer)
    case .settings(_, let message): message.encode(into: &writer)
    }
  }

  /// Reads a message of a family; nil if there is no such command.
  init?(of family: MessageFamily, _ command: UInt8, _ reader: inout AttributeReader) throws(MessageError) {
    let type = UInt8(truncatingIfNeeded: family.rawValue)
    switch family {
    case .connectionLimit:
      guard let command = ConnectionLimitCommand(rawValue: command) else { return nil }
      self = .limit(command, try ConnectionLimitMessage(decoding: &reader))
    case .connectionSettings:
      guard let command = ConnectionSettingsCommand(rawValue: command) else { return nil }
      self = .settings(command, try ConnectionSettingsMessage(decoding: &reader))
    default:
      if family.rawValue >> 8 == 1, let command = ConnectionCommand(rawValue: type) {
        self = .connection(command, try ConnectionMessage(decoding: &reader))
      } else if family.rawValue >> 8 == 8, let command = TimeoutPolicyCommand(rawValue: type) {
        self = .policy(command, try TimeoutPolicyMessage(decoding: &reader))
      } else {
        return nil
      }
    }
  }
}

// What: timeout policies of connections, in the format of Linux's cttimeout (nfnetlink's subsystem 8), with the header of the
// other messages about connections.
//
// A policy has a name and, for each protocol, the seconds that a connection lives in each state. Linux's messages are about one
// protocol each; messages of one name add up to a policy. States that Linux has no number for have one of ours, from 64 on.

/// Commands of cttimeout (`IPCTNL_MSG_TIMEOUT_*`).
public enum TimeoutPolicyCommand: UInt8, Sendable {
  /// Sets the timeouts of a protocol in a policy.
  case new = 0
  /// Asks for a policy, or with the dump flag for all.
  case get = 1
  /// Deletes a policy.
  case delete = 2
}

extension TrackTimeout {
  /// The timeout that a key of the database names.
  public init?(name: String) {
    let found = Self.allCases.first { "\($0.name)".utf8.elementsEqual(name.utf8) }
    guard let found else { return nil }
    self = found
  }

  /// The protocol of Linux's messages that it is in, and its number there.
  var place: (protocolNumber: UInt8, attribute: UInt16) {
    switch self {
    case .udpFirst: (17, 64)
    case .udpSingle: (17, 1)
    case .udpMultiple: (17, 2)
    case .icmpFirst: (1, 1)
    case .icmpReply: (1, 64)
    default: (6, UInt16(rawValue) + 1)
    }
  }
}

/// A message about a timeout policy (`CTA_TIMEOUT_*`).
public struct TimeoutPolicyMessage: Equatable, Sendable {
  /// Its name.
  public var name: [UInt8]?
  /// The protocol that the timeouts are of: 6, 17 or 1 (which ICMPv6 shares).
  public var protocolNumber: UInt8?
  /// Seconds by state, in the order of the states.
  public var seconds: [(timeout: TrackTimeout, seconds: UInt32)] = []

  /// The longest name, with its closing zero (`CTNL_TIMEOUT_NAME_MAX`).
  public static var maximumNameByteCount: Int { 32 }

  /// Makes a message that says nothing but a name.
  public init(name: [UInt8]? = nil) { self.name = name }

  /// The messages that set a whole policy.
  public static func messages(
    name: [UInt8], _ timeouts: [(timeout: TrackTimeout, seconds: UInt32)]
  ) -> [TimeoutPolicyMessage] {
    var messages: [TimeoutPolicyMessage] = []
    for number: UInt8 in [6, 17, 1] {
      var message = TimeoutPolicyMessage(name: name)
      message.protocolNumber = number
      message.seconds = timeouts.filter { $0.timeout.place.protocolNumber == number }
      messages.append(message)
    }
    return messages
  }

  func encode(into writer: inout AttributeWriter) {
    if let name { writer.put(1, text: name) }
    if let protocolNumber {
      writer.put(2, bigEndian: 2, byteCount: 2)
      writer.put(3, uint8: protocolNumber)
      let start = writer.begin(4)
      for (timeout, seconds) in seconds where timeout.place.protocolNumber == protocolNumber {
        writer.put(timeout.place.attribute, bigEndian: UInt64(seconds), byteCount: 4)
      }
      writer.finish(start)
    }
  }

  init(decoding reader: inout AttributeReader) throws(MessageError) {
    var data: Attribute?
    while let attribute = try reader.next() {
      switch attribute.type {
      case 1:
        guard attribute.byteCount <= Self.maximumNameByteCount else {
          throw .wrongLength(attribute: 1, found: attribute.byteCount)
        }
        name = attribute.text()
      case 3:
        try attribute.require(byteCount: 1)
        protocolNumber = attribute.byte(at: 0)
      case 4: data = attribute
      default: break
      }
    }
    guard let data, let protocolNumber else { return }
    var parts = try data.nested()
    while let part = try parts.next() {
      let timeout = TrackTimeout.allCases.first { $0.place == (protocolNumber, part.type) }
      guard let timeout else { throw .unknownAttribute(part.type) }
      seconds.append((timeout, try part.network32()))
    }
  }

  /// Compares all that a message says.
  public static func == (left: TimeoutPolicyMessage, right: TimeoutPolicyMessage) -> Bool {
    left.name == right.name && left.protocolNumber == right.protocolNumber
      && left.seconds.elementsEqual(right.seconds) { $0 == $1 }
  }
}

// What: as much of a datapath message as it takes to bring it to the right datapath.

import Datapath

/// Looks at messages without taking them apart.
enum DatapathRouting {
  /// The family of the first message.
  static func family(of bytes: [UInt8]) -> MessageFamily? {
    guard bytes.count >= 16 else { return nil }
    return MessageFamily(rawValue: UInt16(bytes[4]) | UInt16(bytes[5]) << 8)
  }

  /// The datapath that the first message is for.
  static func datapathIndex(of bytes: [UInt8]) -> Int32? {
    guard bytes.count >= 24 else { return nil }
    let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[20 + $1]) << UInt32(8 * $1) }
    return Int32(bitPattern: word)
  }

  /// Whether the first message may be about any number of flows or connections, so that it is carried out in steps.
  static func mayTakeSteps(_ bytes: [UInt8]) -> Bool {
    guard let family = family(of: bytes) else { return false }
    if family.isNetfilter { return true }
    let flags = MessageFlags(rawValue: UInt16(bytes[6]) | UInt16(bytes[7]) << 8)
    return family == .flow && flags.isSuperset(of: .dump)
  }

  /// Whether one of some answers says that the request failed.
  static func containsError(_ replies: [[UInt8]]) -> Bool {
    replies.contains { reply in
      guard family(of: reply) == .error, reply.count >= 20 else { return false }
      return reply[16..<20].contains { $0 != 0 }
    }
  }
}

// TFTP (RFC 1350, section 4): a request goes to the well-known port, and the server answers from another one.

import PacketWire

/// Looks into requests of TFTP.
enum TFTPHelper {
  /// What a datagram's payload announces: after a request the client waits at the port that it has sent from.
  static func find(_ payload: RawSpan, isReply: Bool, sourcePort: UInt16) -> HelperFinding {
    guard payload.byteCount >= 2 else { return HelperFinding() }
    return find(operation: payload.bigEndian16(at: 0), isReply: isReply, sourcePort: sourcePort)
  }

  /// What a datagram that begins with an operation's number announces.
  static func find(operation: UInt16, isReply: Bool, sourcePort: UInt16) -> HelperFinding {
    // A read request, or a write request.
    guard !isReply, operation == 1 || operation == 2, sourcePort != 0 else { return HelperFinding() }
    var finding = HelperFinding()
    finding.outcome = .expectation
    finding.port = sourcePort
    return finding
  }
}

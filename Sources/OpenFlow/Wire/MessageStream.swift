/// Cuts a byte stream into OpenFlow messages.
public struct MessageStream: Sendable {
  private var pending: [UInt8] = []
  private var consumed = 0
  private var failure: OpenFlowError?

  /// Makes a stream from which nothing has been received.
  public init() {}

  /// How many received bytes have not been handed out as messages.
  public var pendingByteCount: Int { pending.count &- consumed }

  /// Takes bytes that the peer sent.
  public mutating func append(_ bytes: [UInt8]) {
    if consumed == pending.count {
      pending = bytes
    } else {
      if consumed > 0 { pending.removeFirst(consumed) }
      pending.append(contentsOf: bytes)
    }
    consumed = 0
  }

  /// The next whole message; nil until the rest of it has been received.
  ///
  /// A length below that of a header can only come from a peer that does not speak OpenFlow: it throws
  /// `badRequestBadLength`, now and at every later call, and the connection is to be closed.
  public mutating func next() throws(OpenFlowError) -> [UInt8]? {
    if let failure { throw failure }
    guard pendingByteCount >= MessageHeader.byteCount else { return nil }
    let header = MessageHeader(pending, at: consumed)
    guard header.length >= MessageHeader.byteCount else {
      failure = .badRequestBadLength
      throw .badRequestBadLength
    }
    guard pendingByteCount >= header.length else { return nil }
    let message = Array(pending[consumed..<consumed &+ header.length])
    consumed &+= header.length
    if consumed == pending.count {
      pending.removeAll(keepingCapacity: true)
      consumed = 0
    }
    return message
  }
}

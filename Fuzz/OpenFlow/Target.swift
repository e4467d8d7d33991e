import OpenFlow

/// Takes an input for a message, with the right length, and for a stream of messages.
func fuzz(_ input: Span<UInt8>) {
  var bytes = [UInt8](input)
  readStream(bytes)
  guard bytes.count >= MessageHeader.byteCount else { return }
  bytes[2] = UInt8(truncatingIfNeeded: bytes.count >> 8)
  bytes[3] = UInt8(truncatingIfNeeded: bytes.count)
  _ = MessagePrinter(verbosity: 2).textBytes(bytes)
  guard let received = try? Message.decode(bytes, hasTableID: bytes[4] & 1 != 0) else { return }
  // What was understood can be written, and what was written is understood.
  for version in OpenFlowVersion.allCases {
    let form = WireProtocol(version, niciraFlows: bytes[5] & 1 != 0, tableID: true)
    var stream = MessageStream()
    stream.append(received.message.encode(form, xid: received.xid))
    while let message = try? stream.next() { _ = try? Message.decode(message) }
  }
}

/// Cuts an input into messages as it comes, in two pieces.
private func readStream(_ bytes: [UInt8]) {
  var stream = MessageStream()
  let half = bytes.count / 2
  for piece in [Array(bytes[..<half]), Array(bytes[half...])] {
    stream.append(piece)
    while let message = try? stream.next() { _ = try? Message.decode(message) }
  }
}

import Datapath
import OpenFlow

/// A stream of OpenFlow messages: framing, then each message whole; what was read is written again in its own version.
func fuzz(_ input: Span<UInt8>) {
  let bytes = Array(input)
  guard let header = MessageHeader(bytes), Int(header.length) <= bytes.count, header.length >= 8 else {
    _ = try? Message.decode(bytes)
    return
  }
  let whole = Array(bytes[..<Int(header.length)])
  for hasTableID in [false, true] {
    guard let received = try? Message.decode(whole, hasTableID: hasTableID) else { continue }
    precondition(received.xid == header.xid)
  }
}

import Datapath
import OpenFlow
import PacketWire
import Testing

private let filters = [
  [], ["zone=5"], ["zone=1", "ct_nw_src=10.1.1.1,ct_nw_dst=10.1.1.2,ct_nw_proto=17,ct_tp_src=1,ct_tp_dst=2"],
  ["", "ct_ipv6_dst=2001:db8::1,ct_nw_proto=6,ct_tp_src=80"],
  ["ct_nw_src=10.1.1.1,ct_nw_dst=10.1.1.2,ct_nw_proto=1,icmp_id=7,icmp_type=8,icmp_code=0"],
  ["mark=0x10/0xf0", "labels=0x10000000000000001/0x3"],
]

@Test func `what is to be flushed survives a round trip, and every truncation is refused or means less`()
  throws
{
  for arguments in filters {
    let filter = try ConnectionMessage(filter: arguments)
    for version in [OpenFlowVersion.v10, .v13, .v15] {
      let bytes = Message.flushConnectionsByTuple(filter).encode(WireProtocol(version), xid: 1)
      guard case .flushConnectionsByTuple(let read) = try Message.decode(bytes).message else {
        Issue.record("another message")
        continue
      }
      #expect(read == filter, "\(arguments)")
      for count in 8..<bytes.count {
        var cut = Array(bytes[..<count])
        (cut[2], cut[3]) = (UInt8(count >> 8), UInt8(count & 0xff))
        _ = try? Message.decode(cut)
      }
    }
  }
}

@Test func `what is to be flushed is printed as Open vSwitch prints it`() throws {
  let printer = MessagePrinter()
  func text(_ arguments: [String]) throws -> String {
    let message = Message.flushConnectionsByTuple(try ConnectionMessage(filter: arguments))
    return printer.text(message.encode(WireProtocol(.v10), xid: 3))
  }
  #expect(
    try text(filters[2])
      == "NXT_CT_FLUSH (xid=0x3): zone=1 'ct_nw_src=10.1.1.1,ct_nw_dst=10.1.1.2,ct_tp_src=1,ct_tp_dst=2,"
      + "ct_nw_proto=17' 'ct_nw_src=::,ct_nw_dst=::,ct_tp_src=0,ct_tp_dst=0'\n")
  #expect(
    try text(filters[4])
      == "NXT_CT_FLUSH (xid=0x3): zone=0 'ct_nw_src=10.1.1.1,ct_nw_dst=10.1.1.2,icmp_id=7,icmp_type=8,icmp_code=0,"
      + "ct_nw_proto=1' 'ct_nw_src=::,ct_nw_dst=::,icmp_id=0,icmp_type=0,icmp_code=0'\n")
}

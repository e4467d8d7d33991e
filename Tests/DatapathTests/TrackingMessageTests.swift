import Datapath
import PacketWire
import TestSupport
import Testing

private func address(_ text: String) -> IPv6Address? {
  IPv4Address(text).map { IPv6Address(mapped: $0) } ?? IPv6Address(text)
}

private func tuple(
  _ source: String, _ destination: String, _ number: UInt8, _ ports: (UInt16, UInt16) = (0, 0)
) -> TupleMessage {
  var tuple = TupleMessage(
    source: address(source), destination: address(destination),
    protocolNumber: number)
  if tuple.isMessage {
    tuple.messageIdentifier = ports.0
    tuple.messageType = 8
    tuple.messageCode = 0
  } else {
    (tuple.sourcePort, tuple.destinationPort) = ports
  }
  return tuple
}

/// A connection that uses all of the format.
private func wholeConnection() -> ConnectionMessage {
  var connection = ConnectionMessage(zone: 5)
  connection.original = tuple("10.1.1.1", "10.1.1.2", 6, (1000, 80))
  connection.reply = tuple("10.1.1.2", "10.1.1.9", 6, (80, 5000))
  connection.parent = tuple("10.1.1.1", "10.1.1.2", 6, (999, 21))
  connection.status = [.seenReply, .confirmed, .sourceTranslated]
  connection.timeoutSeconds = 86400
  connection.mark = 0xfeed
  connection.labels = IPv6Address(high: 0x123, low: 0x4567)
  connection.originalCounters = ConnectionCounters(packets: 3, bytes: 300)
  connection.replyCounters = ConnectionCounters(packets: 2, bytes: 1 << 40)
  connection.startNanoseconds = 1_700_000_000_000_000_000
  connection.identifier = 77
  var tcp = ConnectionTCPState(.established, .finWait2)
  tcp.originalWindowScale = 7
  tcp.replyFlags = 0x11
  connection.protocolState = .tcp(tcp)
  connection.helper = Array("ftp".utf8)
  return connection
}

/// Messages of every family about connection tracking.
private func samples() -> [TrackingMessage] {
  var filter = ConnectionMessage()
  filter.original = TupleMessage(source: nil, destination: IPv6Address("2001:db8::1"), protocolNumber: 58)
  filter.mark = 1
  filter.markMask = 0xff
  filter.labels = IPv6Address(high: 0, low: 2)
  filter.labelsMask = IPv6Address(high: ~0, low: 3)
  var association = ConnectionMessage()
  association.original = tuple("2001:db8::1", "2001:db8::2", 132, (1, 2))
  association.reply = tuple("2001:db8::2", "2001:db8::1", 132, (2, 1))
  association.protocolState = .sctp(state: 3, originalTag: 0x1234_5678, replyTag: 9)
  var settings = ConnectionSettingsMessage()
  settings.maximumConnectionCount = 3_000_000
  settings.connectionCount = 4
  settings.checksSequence = true
  settings.sweepIntervalMilliseconds = 20_000
  settings.maximumFragmentCount = 1000
  settings.fragmentCount = 2
  settings.ipv4.isEnabled = true
  settings.ipv6.minimumByteCount = 1280
  var counters = FragmentCounters()
  counters.accepted = 1
  counters.completed = 2
  counters.expired = 3
  counters.tooSmall = 4
  counters.overlapped = 5
  counters.purged = 6
  settings.ipv6.counters = counters
  let limits = [ConnectionLimit(zone: nil, limit: 10), ConnectionLimit(zone: 65535, limit: 0, count: 3)]
  let policies = TimeoutPolicyMessage.messages(
    name: Array("7".utf8), TrackTimeout.allCases.map { ($0, UInt32($0.rawValue) + 1) })
  return [
    .connection(.new, wholeConnection()), .connection(.get, ConnectionMessage()),
    .connection(.delete, filter), .connection(.new, association),
    .limit(.set, ConnectionLimitMessage(limits)), .limit(.get, ConnectionLimitMessage()),
    .settings(.get, settings), .settings(.set, ConnectionSettingsMessage()),
    .policy(.delete, TimeoutPolicyMessage(name: [0x37])), .policy(.get, TimeoutPolicyMessage()),
  ] + policies.map { .policy(.new, $0) }
}

@Test func `messages about connection tracking survive a round trip`() throws {
  for sample in samples() {
    let message = NetlinkMessage(NetlinkHeader(sequence: 3, datapathIndex: 4), .tracking(sample))
    #expect(try NetlinkMessage.decode(message.encode()) == [message])
  }
}

@Test func `truncations and changes of messages about connection tracking never trap`() {
  var random = SeededRandom(seed: 8)
  for sample in samples() {
    let bytes = NetlinkMessage(NetlinkHeader(), .tracking(sample)).encode()
    for count in 0..<bytes.count {
      var cut = Array(bytes[..<count])
      #expect((try? NetlinkMessage.decode(cut)) ?? [] == [])
      if count >= 4 { (cut[0], cut[1]) = (UInt8(count & 0xff), UInt8(count >> 8)) }
      for message in (try? NetlinkMessage.decode(cut)) ?? [] { _ = message.encode() }
    }
    for _ in 0..<2_000 {
      var changed = bytes
      for _ in 0..<4 { changed[random.below(changed.count)] = UInt8(random.below(256)) }
      for message in (try? NetlinkMessage.decode(changed)) ?? [] { _ = message.encode() }
    }
  }
}

@Test func `a connection has the bytes that Linux gives it`() {
  var connection = ConnectionMessage(zone: 5)
  connection.original = tuple("10.1.1.1", "10.1.1.2", 17, (1, 2))
  let bytes = NetlinkMessage(NetlinkHeader(flags: .request), .tracking(.connection(.delete, connection)))
    .encode()
  #expect(
    bytes == [
      0x54, 0, 0, 0, 0x02, 0x01, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,  // nlmsghdr: 1 << 8 | IPCTNL_MSG_CT_DELETE
      2, 0, 0, 0, 0, 0, 0, 0,  // nfgenmsg: AF_INET; the datapath
      0x34, 0, 1, 0, 0x14, 0, 1, 0, 8, 0, 1, 0, 10, 1, 1, 1, 8, 0, 2, 0, 10, 1, 1, 2,  // addresses
      0x1c, 0, 2, 0, 5, 0, 1, 0, 17, 0, 0, 0, 6, 0, 2, 0, 0, 1, 0, 0, 6, 0, 3, 0, 0, 2, 0, 0,  // protocol
      6, 0, 18, 0, 0, 5, 0, 0,  // CTA_ZONE
    ])
}

@Test func `a filter matches what has all that it says`() {
  let connection = wholeConnection()
  var filter = ConnectionMessage()
  #expect(filter.matches(connection))
  filter.zone = 5
  filter.original = TupleMessage(
    source: nil, destination: address("10.1.1.2"), protocolNumber: 6)
  filter.reply = TupleMessage()
  filter.reply?.destinationPort = 5000
  filter.mark = 0xed
  filter.markMask = 0xff
  filter.labels = IPv6Address(high: 0, low: 0x67)
  filter.labelsMask = IPv6Address(high: 0, low: 0xff)
  #expect(filter.matches(connection))
  for change: (inout ConnectionMessage) -> Void in [
    { $0.zone = 0 }, { $0.original?.sourcePort = 1 }, { $0.reply?.source = .zero }, { $0.mark = 0xee },
    { $0.labelsMask = .allOnes },
  ] {
    var changed = filter
    change(&changed)
    #expect(!changed.matches(connection))
  }
}

@Test func `connections are written as Open vSwitch writes them`() {
  let connection = wholeConnection()
  #expect(
    ConnectionText().describe(connection)
      == "tcp,orig=(src=10.1.1.1,dst=10.1.1.2,sport=1000,dport=80),"
      + "reply=(src=10.1.1.2,dst=10.1.1.9,sport=80,dport=5000),zone=5,mark=65261,"
      + "labels=0x1230000000000004567,protoinfo=(state=TIME_WAIT),helper=ftp")
  #expect(
    ConnectionText(isVerbose: true, showsStatistics: true).describe(connection)
      == "tcp,orig=(src=10.1.1.1,dst=10.1.1.2,sport=1000,dport=80,packets=3,bytes=300),"
      + "reply=(src=10.1.1.2,dst=10.1.1.9,sport=80,dport=5000,packets=2,bytes=1099511627776),id=77,zone=5,"
      + "status=SEEN_REPLY|CONFIRMED|SRC_NAT,timeout=86400,mark=65261,labels=0x1230000000000004567,"
      + "protoinfo=(state_orig=ESTABLISHED,state_reply=FIN_WAIT_2,wscale_orig=7,wscale_reply=0,flags_orig=0,"
      + "flags_reply=WINDOW_SCALE|DATA_UNACKNOWLEDGED),helper=ftp,"
      + "parent=(src=10.1.1.1,dst=10.1.1.2,sport=999,dport=21)")
  var ping = ConnectionMessage()
  ping.original = tuple("10.1.1.1", "10.1.1.2", 1, (77, 0))
  ping.reply = tuple("10.1.1.2", "10.1.1.1", 1, (77, 0))
  ping.reply?.messageType = 0
  #expect(
    ConnectionText().describe(ping)
      == "icmp,orig=(src=10.1.1.1,dst=10.1.1.2,id=77,type=8,code=0),"
      + "reply=(src=10.1.1.2,dst=10.1.1.1,id=77,type=0,code=0)")
  #expect(
    ConnectionText(isVerbose: true).summary([connection, ping, ping])
      == "Connections Stats:\n    Total: 3\n  TCP: 1\n    Conn per TCP states:\n\t  [TIME_WAIT]=1\n  ICMP: 2\n"
  )
}

@Test func `filters are read from text`() throws {
  let all = try ConnectionMessage(filter: [])
  #expect(all == ConnectionMessage())
  let one = try ConnectionMessage(filter: [
    "ct_nw_src=10.1.1.1,ct_nw_dst=10.1.1.2,ct_nw_proto=17,ct_tp_src=1,ct_tp_dst=2", "",
  ])
  #expect(one.namesOne && one.zone == 0)
  #expect(one.original == tuple("10.1.1.1", "10.1.1.2", 17, (1, 2)))
  let some = try ConnectionMessage(filter: [
    "zone=7", "mark=0x10/0xf0", "labels=1", "", "ct_ipv6_src=2001:db8::1",
  ])
  #expect(!some.namesOne && some.zone == 7 && some.mark == 0x10 && some.markMask == 0xf0)
  #expect(some.labels == IPv6Address(high: 0, low: 1) && some.labelsMask == .allOnes)
  #expect(some.original == nil && some.reply?.source == IPv6Address("2001:db8::1"))
  for (arguments, message) in [
    (["zone=x"], "failed to parse zone"), (["ct_nw_src=1.2.3"], "failed to parse field ct_nw_src"),
    (["ct_nw_src=1.2.3.4,ct_ipv6_dst=::1"], "the L3 protocol does not match ::1"),
    (["ct_tp_src=4"], "port is set without protocol"), (["icmp_id=4"], "invalid L4 fields"),
    (["nw_src=1.2.3.4"], "invalid conntrack tuple field: nw_src"),
    (["ct_nw_src"], "field ct_nw_src missing value"),
    (["", "", ""], "invalid arguments"), (["mark=x"], "failed to parse mark"),
  ] {
    var found = ""
    do throws(ConnectionFilterError) {
      _ = try ConnectionMessage(filter: arguments)
    } catch {
      found = error.message
    }
    #expect(found == message)
  }
}

@Test func `commands about connection tracking ask one question each`() throws {
  let datapaths = ["dummy@ovs-dummy"]
  func ask(_ name: String, _ arguments: String..., of datapaths: [String] = datapaths) -> String {
    guard let command = TrackingCommand.named(name) else { return "no such command" }
    do throws(TrackingCommandError) {
      let (datapath, question) = try command.question(arguments, datapaths: datapaths)
      return datapath + " " + question.text([])
    } catch {
      return error.text(prefix: "ovs-vswitchd: ")
    }
  }
  #expect(ask("dump-conntrack") == "dummy@ovs-dummy ")
  #expect(ask("dump-conntrack", "-m", "-s", "dummy@ovs-dummy", "zone=3") == "dummy@ovs-dummy ")
  #expect(ask("dump-conntrack", "br0") == "ovs-vswitchd: datapath not found (Invalid argument)")
  #expect(ask("dump-conntrack", "zone=x") == "ovs-vswitchd: datapath not found (Invalid argument)")
  #expect(ask("dump-conntrack", "-x") == "Unrecognized option -x")
  #expect(
    ask("dump-conntrack", of: [])
      == "ovs-vswitchd: no datapaths exist\novs-vswitchd: datapath not found (Invalid argument)")
  #expect(
    ask("dump-conntrack", of: ["system@a", "netdev@b"])
      == "ovs-vswitchd: multiple datapaths, specify one\novs-vswitchd: datapath not found (Invalid argument)")
  #expect(ask("ct-set-maxconns", "x") == "ovs-vswitchd: maxconns missing or malformed (Invalid argument)")
  #expect(ask("ct-set-maxconns", "10") == "dummy@ovs-dummy setting maxconns successful")
  #expect(ask("ct-set-limits", "zone=1") == "ovs-vswitchd: failed to parse zone limit (Invalid argument)")
  #expect(ask("ct-set-limits", "default=5", "zone=1,limit=0x10") == "dummy@ovs-dummy ")
  #expect(ask("ct-get-limits", "zone=1,2") == "dummy@ovs-dummy default limit=0\n")
  #expect(ask("ct-del-limits", "1") == "ovs-vswitchd: invalid argument 1 (Invalid argument)")
  #expect(
    ask("ipf-set-min-frag", "v5", "1000")
      == "ovs-vswitchd: parameter missing: v4 for IPv4 or v6 for IPv6 (Invalid argument)")
}

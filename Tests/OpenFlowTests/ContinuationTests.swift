import Testing

@testable import OpenFlow

struct ContinuationTests {
  private static func sample() throws -> Continuation {
    var sample = Continuation()
    sample.bridge = 0x0123_4567_89ab_cdef_0011_2233_4455_6677
    sample.stack = [[1, 2, 3, 4], [9]]
    sample.isTracked = true
    sample.parts = [
      .init(table: 0, cookie: 0, actions: try FlowParser().actions("output:2,dec_ttl")),
      .init(
        table: 4, cookie: 7,
        actions: [
          .output(OpenFlowPortNumber(3)), .clearActions, .writeActions([.output(OpenFlowPortNumber(4))]),
          .exit,
        ]),
    ]
    sample.actionSet = [.output(OpenFlowPortNumber(5))]
    sample.datapathPort = 12
    return sample
  }

  @Test(arguments: [OpenFlowVersion.v10, .v13, .v15])
  func `what is written is read`(version: OpenFlowVersion) throws {
    let sample = try Self.sample()
    #expect(try Continuation.decode(sample.encode(version), version) == sample)
    #expect(try Continuation.decode([], version) == Continuation())
  }

  @Test func `every truncation is an error or a shorter way`() throws {
    let bytes = try Self.sample().encode(.v13)
    for count in 0..<bytes.count { _ = try? Continuation.decode(Array(bytes.prefix(count)), .v13) }
  }

  @Test func `it is shown as Open vSwitch shows it`() throws {
    var packet = PacketIn(
      packet: [UInt8](repeating: 0, count: 14), reason: .action, inPort: OpenFlowPortNumber(1))
    packet.continuation = try Self.sample().encode(.v13)
    let text = MessagePrinter().text(
      Message.packetIn(packet).encode(WireProtocol(.v13, packetInFormat: .nicira2), xid: 0))
    #expect(text.contains(" continuation.bridge=01234567-89ab-cdef-0011-223344556677\n"))
    #expect(text.contains(" continuation.stack=(top) 0x1020304 0x9 (bottom)\n"))
    #expect(text.contains(" continuation.conntracked=true\n"))
    #expect(
      text.contains(
        " continuation.actions=unroll_xlate(table=0, cookie=0),output:2,dec_ttl,unroll_xlate(table=4, cookie=7),output:3,"
      ))
    #expect(text.contains(" continuation.action_set=output:5\n continuation.odp_port=12\n"))
  }
}

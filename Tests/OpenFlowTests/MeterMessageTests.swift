import TestSupport
import Testing

@testable import OpenFlow

@Suite struct MeterMessageTests {
  static let versions: [OpenFlowVersion] = [.v13, .v14, .v15]
  static let texts = [
    "meter=1 pktps bands=type=drop rate=7",
    "meter=4294901760,kbps,burst,stats,band=type=drop,rate=4294967295,burst_size=1",
    "meter=controller kbps burst bands=type=dscp_remark rate=1 burst_size=4294967295 prec_level=255,type=drop rate=2 burst_size=3",
    "meter=slowpath stats pktps bands= type=dscp_remark, prec_level=1, rate=0x10",
  ]

  private static func read(_ message: Message, _ version: OpenFlowVersion) throws -> Message {
    try Message.decode(message.encode(WireProtocol(version), xid: 1)).message
  }

  private static func text(_ message: Message, _ version: OpenFlowVersion = .v13) -> String {
    String(
      decoding: MessagePrinter().textBytes(message.encode(WireProtocol(version), xid: 2)), as: UTF8.self)
  }

  @Test func `What is read from text is written and read in every version that has meters`() throws {
    for text in Self.texts {
      for command in [MeterCommand.add, .modify] {
        let parsed = try FlowParser().meter(text, command)
        #expect(parsed.formats == .openFlow13Up)
        for version in Self.versions {
          guard case .meterModification(let read) = try Self.read(.meterModification(parsed.change), version)
          else {
            Issue.record("no change in \(version)")
            continue
          }
          #expect(read == parsed.change)
        }
        #expect(Message.meterModification(parsed.change).encode(WireProtocol(.v12), xid: 1).isEmpty)
      }
    }
    let gone = try FlowParser().meter("meter=all", .delete).change
    #expect(gone == MeterMod(.delete, MeterConfiguration(meter: MeterNumber.all)))
    guard case .meterModification(let read) = try Self.read(.meterModification(gone), .v14) else { return }
    #expect(read == gone)
  }

  @Test(arguments: [
    ("meter=1 pktps", "must specify bands"),
    ("meter=1 pktps bands", "must specify bands"),
    ("meter=1 pktps bands=", "meter must have bands"),
    ("pktps bands=type=drop rate=1", "must specify 'meter'"),
    ("meter=1 bands=type=drop rate=1", "meter must specify either 'kbps' or 'pktps'"),
    ("meter=0 pktps bands=type=drop rate=1", "invalid value for meter"),
    ("meter=4294901761 pktps bands=type=drop rate=1", "invalid value for meter"),
    ("meter=x pktps bands=type=drop rate=1", "invalid numeric format x"),
    ("meter=1 mbps=3 bands=type=drop rate=1", "unknown keyword mbps"),
    ("meter=1 mbps bands=type=drop rate=1", "field mbps missing value"),
    ("meter=1 pktps bands=type=drop", "band must have 'rate'"),
    ("meter=1 pktps bands=rate=1", "band must start with the 'type' keyword"),
    ("meter=1 pktps bands=type=experimenter rate=1", "field type unknown value experimenter"),
    (
      "meter=1 pktps bands=type=drop rate=1 burst_size=1",
      "band may have 'burst_size' only when 'burst' flag is set"
    ),
    ("meter=1 pktps burst bands=type=drop rate=1", "band must have 'burst_size' when 'burst' flag is set"),
    ("meter=1 pktps bands=type=drop rate=1 prec_level=1", "Only 'dscp_remark' band may have 'prec_level'"),
    ("meter=1 pktps bands=type=dscp_remark rate=1", "'dscp_remark' band must have 'prec_level'"),
    ("meter=1 pktps bands=type=drop rate", "field rate missing value"),
    ("meter=1 pktps bands=type=drop color=1", "unknown keyword color"),
  ])
  func `Text that is no meter is refused with the reason`(text: String, reason: String) {
    #expect(throws: FlowTextError(reason)) { try FlowParser().meter(text, .add) }
  }

  @Test func `Meters are printed as they are written`() throws {
    let change = try FlowParser().meter(Self.texts[2], .add).change
    #expect(
      Self.text(.meterModification(change)) == """
        OFPT_METER_MOD (OF1.3) (xid=0x2): ADD meter=controller kbps burst bands=
        type=dscp_remark rate=1 burst_size=4294967295 prec_level=255
        type=drop rate=2 burst_size=3

        """)
    #expect(
      Self.text(
        .meterConfigurationReply(
          [change.meter, MeterConfiguration(meter: 2, flags: [.packets])], more: false))
          == """
          OFPST_METER_CONFIG reply (OF1.3) (xid=0x2):
          meter=controller kbps burst bands=
          type=dscp_remark rate=1 burst_size=4294967295 prec_level=255
          type=drop rate=2 burst_size=3

          meter=2 pktps bands=

          """)
    var statistics = MeterStatistics(
      meter: 1, flowCount: 5, count: .init(packets: 4096, bytes: 143_360), durationSeconds: 394,
      durationNanoseconds: 174_990_148, bands: [.init(packets: 126, bytes: 13_363)])
    #expect(
      Self.text(.meterStatisticsReply([statistics], more: false), .v15) == """
        OFPST_METER reply (OF1.5) (xid=0x2):
        meter:1 flow_count:5 packet_in_count:4096 byte_in_count:143360 duration:394.174990148s bands:
        0: packet_count:126 byte_count:13363

        """)
    statistics.meter = MeterNumber.slowPath
    #expect(
      Self.text(.meterStatisticsReply([statistics], more: false)).contains("\nmeter:slowpath flow_count:5"))
    #expect(
      Self.text(.meterFeaturesReply(MeterFeatures(meterLimit: 65_536, bandLimit: 16))) == """
        OFPST_METER_FEATURES reply (OF1.3) (xid=0x2):
        max_meter:65536 max_bands:16 max_color:0
        band_types: drop dscp_remark
        capabilities: kbps pktps burst stats

        """)
    #expect(
      Self.text(.meterStatisticsRequest(MeterNumber.all))
        == "OFPST_METER request (OF1.3) (xid=0x2): meter=all\n")
  }

  @Test func `Replies about meters are written and read in every version that has them`() throws {
    let features = MeterFeatures(
      meterLimit: .max, bandTypes: 6, capabilities: 0xff, bandLimit: 255, colorLimit: 3)
    let statistics = (0..<2_000).map {
      MeterStatistics(
        meter: UInt32($0), flowCount: 1, count: .init(packets: .max, bytes: 3), durationSeconds: 4,
        durationNanoseconds: 5, bands: [.init(packets: 1, bytes: 2), .init()])
    }
    let configurations = try Self.texts.map { try FlowParser().meter($0, .add).change.meter }
    for version in Self.versions {
      guard case .meterFeaturesReply(let said) = try Self.read(.meterFeaturesReply(features), version),
        case .meterConfigurationReply(let described, more: false) = try Self.read(
          .meterConfigurationReply(configurations, more: false), version),
        case .meterStatisticsRequest(7) = try Self.read(.meterStatisticsRequest(7), version),
        case .meterConfigurationRequest(8) = try Self.read(.meterConfigurationRequest(8), version),
        case .meterFeaturesRequest = try Self.read(.meterFeaturesRequest, version)
      else {
        Issue.record("something was read otherwise in \(version)")
        continue
      }
      #expect(said == features)
      #expect(described == configurations)
      var stream = MessageStream()
      stream.append(
        Message.meterStatisticsReply(statistics, more: false).encode(WireProtocol(version), xid: 1))
      var counted: [MeterStatistics] = []
      while let bytes = try stream.next() {
        guard case .meterStatisticsReply(let part, more: _) = try Message.decode(bytes).message else {
          continue
        }
        counted += part
      }
      #expect(counted == statistics)
    }
  }

  @Test(arguments: [
    ("041d00208501d738000000000000000100050010000000020000000200000000", OpenFlowError.meterModFailedBadBand),
    ("041d00208501d738000000000000000100010011000000020000000200000000", .badRequestBadLength),
    ("041d00208501d7380000000000000001ffff0018000000020000000200000000", .badRequestBadLength),
    ("041d00208501d7380000000000000001ffff0010000000020000000200000000", .meterModFailedBadBand),
    ("041d001828a6265200000000000000010001001000000002", .badRequestBadLength),
    ("041d001028a626520008000000000001", .meterModFailedBadCommand),
    ("041d002082b3a1a4000000030000000100010010000000020000000200000000", .meterModFailedBadFlags),
    ("041d001428a62652000200000000000100000000", .badRequestBadLength),
  ])
  func `A change that is malformed is refused as Open vSwitch refuses it`(hex: String, error: OpenFlowError) {
    let digits = Array(hex.utf8)
    let bytes = stride(from: 0, to: digits.count, by: 2).map {
      UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16) ?? 0
    }
    #expect(throws: error) { try Message.decode(bytes) }
  }

  @Test func `A cut message is an error or a shorter message, and never a trap`() throws {
    let change = try FlowParser().meter(Self.texts[2], .add).change
    let counted = MeterStatistics(meter: 1, bands: [.init(packets: 1, bytes: 2)])
    for message in [
      Message.meterModification(change), .meterConfigurationReply([change.meter], more: false),
      .meterStatisticsReply([counted], more: false), .meterStatisticsRequest(1),
      .meterFeaturesReply(MeterFeatures(meterLimit: 1, bandLimit: 1)),
    ] {
      let whole = message.encode(WireProtocol(.v14), xid: 1)
      for count in 8..<whole.count {
        var cut = Array(whole.prefix(count))
        cut[2] = UInt8(count >> 8)
        cut[3] = UInt8(count & 0xff)
        _ = try? Message.decode(cut)
        _ = MessagePrinter().textBytes(cut)
      }
    }
  }
}

import PacketWire
import Testing

@testable import Datapath

/// What holds for every kind of tunnel: a kind that forgets a step of "To add a tunnel kind" fails here.
@Suite struct TunnelKindTests {
  @Test(arguments: TunnelKind.allCases)
  func `a kind is found by its name and numbers, which no other kind has`(kind: TunnelKind) {
    let row = kind.row
    #expect(TunnelKind(name: row.name) == kind)
    #expect(TunnelKind(row.vportType) == kind && TunnelKind(row.vportTypeOverIPv6) == kind)
    #expect(row.vportType.isTunnel && row.vportTypeOverIPv6.isTunnel)
    for other in TunnelKind.allCases where other != kind {
      #expect(other.row.name != row.name && other.row.portName != row.portName)
      // Packets of two kinds are told apart by their protocol and port.
      #expect(other.row.carrier != row.carrier)
    }
    for type in [VportType.unspecified, .netdev, .internal, VportType(rawValue: 77)] {
      #expect(TunnelKind(type) == nil)
    }
  }

  @Test(arguments: TunnelKind.allCases)
  func `a datapath makes ports of the kind with its default port`(kind: TunnelKind) throws {
    let harness = EngineHarness()
    for (number, type) in [(UInt32(20), kind.row.vportType), (21, kind.row.vportTypeOverIPv6)] {
      harness.add(VportMessage(number: DatapathPortNumber(number), type: type, name: "tunnel\(number)"))
      let index = harness.engine.ports.index(number)
      try #require(!index.isNone)
      let record = harness.engine.ports.records[index]
      #expect(record.tunnel == kind && record.type == type && !record.isOpen)
      #expect(record.destinationPort == kind.row.carrier.defaultPort)
      #expect(record.tunnelProtocol == kind.row.carrier.protocolNumber.rawValue)
    }
  }

  /// Fields with all that a kind can carry.
  private func fullFields(_ kind: TunnelKind) -> (TunnelFields, options: [UInt8]) {
    var fields = TunnelFields()
    fields.key = 1 << UInt64(kind.row.keyBitCount) - 2
    fields.flags = .key
    if !kind.row.carrier.isUDP { fields.flags.insert(.checksum) }
    fields.hasSequence = kind.row.abilities.contains(.sequence)
    if kind.row.abilities.contains(.groupPolicy) {
      fields.groupPolicy = VXLANGroupPolicy(identifier: 0xabcd, isLearningForbidden: true, isApplied: true)
    }
    var options: [UInt8] = []
    if kind.row.abilities.contains(.options) {
      fields.flags.insert(.operations)
      options = [1, 2, 0x80, 1, 0xa, 0xb, 0xc, 0xd, 0, 3, 4, 0]
    }
    return (fields, options)
  }

  private var plainFields: TunnelFields {
    var fields = TunnelFields()
    fields.key = 77
    fields.flags = .key
    return fields
  }

  @Test(arguments: TunnelKind.allCases)
  func `what is written of a header is read of it, and no truncation is`(kind: TunnelKind) {
    for (fields, options) in [fullFields(kind), (plainFields, [])] {
      let header = kind.header(fields, options: options)
      let length = kind.row.byteCount(header.rawBytes)
      #expect(length == header.count)
      let packet = header + [UInt8](repeating: 0x5a, count: 20)
      var pool = PacketPool(smallSlots: 1, smallByteCount: 128, largeSlots: 0, largeByteCount: 0)
      pool.copy(packet.rawBytes, to: 0)
      var reception = TunnelReception(
        address: 0, byteCount: packet.count, usesGroupPolicy: true, verifiesChecksum: false)
      var found = TunnelFields()
      let count = kind.read(pool, reception, into: &found)
      #expect(count == header.count)
      #expect(found.optionByteCount == options.count)
      found.optionByteCount = 0
      #expect(found == fields)
      for length in 0..<header.count {
        var found = TunnelFields()
        reception.byteCount = length
        let count = kind.read(pool, reception, into: &found)
        #expect(count == nil, "\(length) bytes")
      }
    }
  }

  @Test(arguments: TunnelKind.allCases)
  func `a key that is too long is cut, and options are for kinds that have them`(kind: TunnelKind) {
    var fields = plainFields
    fields.key |= 1 << UInt64(kind.row.keyBitCount)
    #expect(kind.header(fields) == kind.header(plainFields))
    let options = [UInt8](repeating: 0, count: 4)
    let hasOptions = kind.row.abilities.contains(.options)
    #expect(kind.header(fields, options: options).count - kind.header(fields).count == (hasOptions ? 4 : 0))
  }

  /// A push over IPv4 or IPv6.
  private func push(_ kind: TunnelKind, overIPv6: Bool, _ tunnel: [UInt8]) -> TunnelPush {
    let network = EthernetHeader.byteCount
    let transport = network + (overIPv6 ? IPv6Header.byteCount : IPv4Header.minimumByteCount)
    let carrier = kind.row.carrier
    var header = [UInt8](repeating: 0, count: transport + (carrier.isUDP ? UDPHeader.byteCount : 0))
    var bytes = header.mutableRawBytes
    EthernetHeader.write(
      destination: MACAddress(2), source: MACAddress(1), type: overIPv6 ? .ipv6 : .ipv4, to: &bytes)
    if overIPv6 {
      IPv6Header.write(
        source: IPv6Address(high: 1, low: 2), destination: IPv6Address(high: 3, low: 4),
        nextHeader: carrier.protocolNumber, payloadLength: 0, trafficClass: 5, flowLabel: 6, hopLimit: 7,
        to: &bytes, at: network)
    } else {
      IPv4Header.write(
        source: IPv4Address(1, 2, 3, 4), destination: IPv4Address(5, 6, 7, 8),
        protocol: carrier.protocolNumber,
        totalLength: 0, typeOfService: 5, fragmentation: .dontFragment, hasChecksum: false, to: &bytes,
        at: network)
    }
    if carrier.isUDP {
      UDPHeader.write(
        sourcePort: 0, destinationPort: carrier.defaultPort, length: 0, checksum: 0xffff, to: &bytes,
        at: transport)
    }
    return TunnelPush(
      tunnelPort: DatapathPortNumber(10), outPort: DatapathPortNumber(2),
      kind: overIPv6 ? kind.row.vportTypeOverIPv6 : kind.row.vportType, header: header + tunnel)
  }

  @Test(arguments: TunnelKind.allCases, [false, true])
  func `a push is written as text and read again, and found sound`(kind: TunnelKind, overIPv6: Bool) throws {
    for (fields, options) in [fullFields(kind), (plainFields, [])] {
      let push = push(kind, overIPv6: overIPv6, kind.header(fields, options: options))
      let layout = try #require(push.layout)
      #expect(TunnelLayout(word: layout.word) == layout)
      #expect(layout.isIPv6 == overIPv6 && layout.isUDP == kind.row.carrier.isUDP)
      let text = DatapathText().describe([.tunnelPush(push)])
      #expect(text.contains(kind.row.name + "("))
      let read = try DatapathText.readActions(text) { _ in nil }
      #expect(read == [.tunnelPush(push)], "\(text)")
    }
  }

  @Test(arguments: TunnelKind.allCases)
  func `a push whose header is not of its kind is refused, and can be printed`(kind: TunnelKind) {
    let good = push(kind, overIPv6: false, kind.header(plainFields))
    for change in [good.header.dropLast(), good.header + [0]] {
      var bad = good
      bad.header = Array(change)
      #expect(bad.layout == nil)
      #expect(DatapathText().describe([.tunnelPush(bad)]).contains(",0x0000"))
    }
    for other in TunnelKind.allCases where other.row.carrier.isUDP != kind.row.carrier.isUDP {
      var bad = good
      bad.kind = other.row.vportType
      #expect(bad.layout == nil)
    }
  }
}

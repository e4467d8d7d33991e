import PacketWire
import TestSupport
import Testing

@testable import Datapath

private func find(_ text: String, isReply: Bool = false) -> HelperFinding {
  let bytes = Array(text.utf8)
  return FTPHelper.find(RawSpan(_elements: bytes.span), isReply: isReply)
}

private func address(_ text: String) -> (UInt64, UInt64) {
  if let address = IPv4Address(text) { return (0, UInt64(address.rawValue)) }
  let address = IPv6Address(text) ?? .zero
  return (address.high, address.low)
}

/// A message, whether the server sends it, and what it announces.
private struct Announcement {
  let text: String
  var isReply = false
  let address: String
  let port: UInt16
  /// What stands at the place of address and port.
  let written: String
}

private let announcements = [
  Announcement(text: "PORT 10,1,1,1,4,210\r\n", address: "10.1.1.1", port: 1234, written: "10,1,1,1,4,210"),
  Announcement(
    text: "port  255,0,0,1,255,255\r\n", address: "255.0.0.1", port: 65535, written: "255,0,0,1,255,255"),
  Announcement(
    text: "227 Entering Passive Mode (10,1,1,2,0,21).\r\n", isReply: true, address: "10.1.1.2", port: 21,
    written: "10,1,1,2,0,21"),
  Announcement(
    text: "227 =10,1,1,2,1,0\r\n", isReply: true, address: "10.1.1.2", port: 256, written: "10,1,1,2,1,0"),
  Announcement(
    text: "EPRT |1|132.235.1.2|6275|\r\n", address: "132.235.1.2", port: 6275, written: "132.235.1.2|6275"),
  Announcement(
    text: "EPRT |2|1080::8:800:200C:417A|5282|\r\n", address: "1080::8:800:200c:417a", port: 5282,
    written: "1080::8:800:200c:417a|5282"),
  Announcement(text: "eprt !2!::1!1!\r\n", address: "::1", port: 1, written: "::1!1"),
  Announcement(
    text: "229 Entering Extended Passive Mode (|||6446|)\r\n", isReply: true, address: "", port: 6446,
    written: "6446"),
]

@Test func `control messages of FTP announce connections`() {
  for sample in announcements {
    let finding = find(sample.text, isReply: sample.isReply)
    #expect(finding.outcome == .expectation)
    #expect(finding.port == sample.port)
    let (high, low) = address(sample.address)
    #expect(finding.addressHigh == high && finding.addressLow == low)
    let text = Array(sample.text.utf8)
    let range = Int(finding.place)..<Int(finding.place) + Int(finding.byteCount)
    #expect(String(decoding: text[range], as: UTF8.self).lowercased() == sample.written)
    // The other side's messages are none.
    #expect(find(sample.text, isReply: !sample.isReply).outcome == .nothing)
  }
}

@Test func `a control message that is cut off announces nothing`() {
  for sample in announcements {
    let bytes = Array(sample.text.utf8)
    let whole = find(sample.text, isReply: sample.isReply)
    for count in 0..<bytes.count {
      let cut = Array(bytes[..<count])
      let finding = FTPHelper.find(RawSpan(_elements: cut.span), isReply: sample.isReply)
      #expect(finding == whole || finding.outcome == .nothing)
    }
  }
}

@Test func `announcements that make no sense are malformed`() {
  for text in [
    "PORT 10,1,1,1,4\r\n", "PORT 10,1,1,256,4,1\r\n", "PORT 10,1,1,1,0,0\r\n", "PORT a\r\n",
    "PORT 10.1.1.1,4,1\r\n",
    "EPRT |3|10.1.1.1|6|\r\n", "EPRT |1|10.1.1|6|\r\n", "EPRT |1|10.1.1.1|65536|\r\n", "EPRT |2|::g|6|\r\n",
    "EPRT |1|10.1.1.1|6!\r\n", "EPRT |1|10.1.1.1|000006|\r\n", "EPRT 1110.1.1.116\r\n",
    "EPRT |2|"
      + String(repeating: "1", count: 60) + "|6|\r\n",
  ] {
    #expect(find(text).outcome == .malformed, "\(text)")
  }
  for text in ["227 Entering Passive Mode\r\n", "229 (||6446|)\r\n", "229 Entering\r\n", "229 (|||0|)\r\n"] {
    #expect(find(text, isReply: true).outcome == .malformed, "\(text)")
  }
  for text in ["PORTS 1,2", "USER ftp\r\n", "", "PORT", "NOOP\r\nPORT 10,1,1,1,4,1\r\n"] {
    #expect(find(text).outcome == .nothing)
  }
}

@Test func `an announcement is written with another address and port`() {
  for (text, isReply, other, port, written): (String, Bool, String, UInt16, String) in [
    ("PORT 10,1,1,1,4,210\r\n", false, "192.168.100.255", 1025, "192,168,100,255,4,1"),
    ("EPRT |1|132.235.1.2|6275|\r\n", false, "1.2.3.4", 9, "1.2.3.4|9"),
    ("EPRT |2|::1|5282|\r\n", false, "2001:db8:0:0:1:0:0:1", 65535, "2001:db8::1:0:0:1|65535"),
    ("EPRT |2|::1|5282|\r\n", false, "::", 1, "::|1"),
    ("EPRT |2|::1|5282|\r\n", false, "1::", 1, "1::|1"),
    ("EPRT |2|::1|5282|\r\n", false, "1:0:2:3:4:5:6:7", 1, "1:0:2:3:4:5:6:7|1"),
    (
      "EPRT |2|::1|5282|\r\n", false, "1111:2222:3333:4444:5555:6666:7777:8888", 65535,
      "1111:2222:3333:4444:5555:6666:7777:8888|65535"
    ),
    ("229 Extended (|||6446|)\r\n", true, "1::2", 80, "80"),
  ] {
    let finding = find(text, isReply: isReply)
    let (high, low) = address(other)
    let result = HelperText(finding, addressHigh: high, addressLow: low, port: port)
    var bytes: [UInt8] = []
    for index in 0..<result.count { bytes.append(result.bytes[index]) }
    #expect(String(decoding: bytes, as: UTF8.self) == written)
  }
}

@Test func `what is written anew is read again`() {
  var random = SeededRandom(seed: 21)
  let sample = find("EPRT |2|::1|5282|\r\n")
  for _ in 0..<2_000 {
    var groups: [UInt16] = []
    for _ in 0..<8 { groups.append(random.below(3) == 0 ? UInt16(random.below(65536)) : 0) }
    let high = groups[..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
    let low = groups[4...].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
    let port = UInt16(1 + random.below(65535))
    let text = HelperText(sample, addressHigh: high, addressLow: low, port: port)
    var bytes = Array("EPRT |2|".utf8)
    for index in 0..<text.count { bytes.append(text.bytes[index]) }
    bytes += Array("|\r\n".utf8)
    let finding = FTPHelper.find(RawSpan(_elements: bytes.span), isReply: false)
    #expect(finding.addressHigh == high && finding.addressLow == low && finding.port == port)
  }
}

@Test func `a request of TFTP announces an answer from another port`() {
  func find(_ bytes: [UInt8], isReply: Bool = false) -> HelperFinding.Outcome {
    TFTPHelper.find(RawSpan(_elements: bytes.span), isReply: isReply, sourcePort: 1234).outcome
  }
  #expect(find([0, 1, 0x61, 0]) == .expectation)
  #expect(find([0, 2]) == .expectation)
  #expect(find([0, 3]) == .nothing)
  #expect(find([1]) == .nothing)
  #expect(find([]) == .nothing)
  #expect(find([0, 1], isReply: true) == .nothing)
}

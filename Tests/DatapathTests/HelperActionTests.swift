import TestSupport
import Testing

@testable import Datapath

/// A control connection of FTP, whose segments follow each other.
private struct Control {
  let harness = TrackHarness()
  var hosts: Hosts
  let action: ConnectionTrackAction
  var clientSequence = 100
  var serverSequence = 500

  init(isIPv6: Bool = false, translation: ConnectionTrackAction.Translation? = nil) {
    hosts = Hosts(isIPv6: isIPv6)
    hosts.serverPort = 21
    var action = ct(zone: 1, commit: true, mark: (9, .max), nat: translation)
    action.helper = Array("ftp".utf8)
    self.action = action
    _ = harness.track(hosts.tcp(2, sequence: 99), action)
    _ = harness.track(answer(hosts.tcp(reply: true, 18, sequence: 499, acknowledgment: 100)), look)
    _ = harness.track(hosts.tcp(16, sequence: 100, acknowledgment: 500), look)
  }

  /// What finds the connection again.
  var look: ConnectionTrackAction {
    var look = ct(zone: 1)
    look.translation = action.translation == nil ? nil : nat()
    return look
  }

  /// A frame of the server's as it comes to who is translated.
  func answer(_ frame: [UInt8]) -> [UInt8] {
    guard let address = action.translation?.lowestAddress else { return frame }
    var other = hosts
    other.client = Int(address[address.count - 2]) << 8 | Int(address[address.count - 1])
    let isReply =
      Array(frame[(hosts.isIPv6 ? 38 : 30)..<(hosts.isIPv6 ? 54 : 34)]) == hosts.address(hosts.client)
    guard isReply else { return frame }
    let start = hosts.isIPv6 ? 54 : 34
    return Hosts.frame(
      6, Array(frame[start...]), from: hosts.address(hosts.server), to: other.address(other.client), field: 16
    )
  }

  /// A segment with text.
  func segment(_ text: String, reply: Bool = false, sequence: Int, acknowledgment: Int) -> [UInt8] {
    let frame = hosts.tcp(reply: reply, 24, sequence: sequence, acknowledgment: acknowledgment)
    let start = hosts.isIPv6 ? 54 : 34
    return Hosts.frame(
      6, Array(frame[start...]) + Array(text.utf8), from: hosts.address(reply ? hosts.server : hosts.client),
      to: hosts.address(reply ? hosts.client : hosts.server), field: 16)
  }
}

private func text(_ tracked: Tracked) -> String {
  String(decoding: tracked.bytes[(tracked.bytes[12] == 8 ? 54 : 74)...], as: UTF8.self)
}

@Suite struct HelperActionTests {
  @Test(arguments: [false, true])
  func `a connection that a client announces is related`(isIPv6: Bool) {
    let control = Control(isIPv6: isIPv6)
    let command = isIPv6 ? "EPRT |2|fd00::1|1234|\r\n" : "PORT 10,0,0,1,4,210\r\n"
    let tracked = control.harness.track(
      control.segment(command, sequence: 100, acknowledgment: 500), control.look)
    #expect(tracked.text == "est|trk" && text(tracked) == command)
    var data = control.hosts
    (data.client, data.server) = (data.server, data.client)
    (data.clientPort, data.serverPort) = (20, 1234)
    let opened = control.harness.track(data.tcp(2, sequence: 7), ct(zone: 1, commit: true))
    #expect(opened.text == "new|rel|trk")
    #expect(opened.mark == 9)
    data.serverPort = 1235
    #expect(control.harness.track(data.tcp(2, sequence: 7), ct(zone: 1)).text == "new|trk")
  }

  @Test(arguments: [false, true])
  func `a connection that a server announces is related`(isIPv6: Bool) {
    let control = Control(isIPv6: isIPv6)
    let answer =
      isIPv6 ? "229 Entering Extended Passive Mode (|||4660|)\r\n" : "227 Passive (10,0,0,2,18,52)\r\n"
    let tracked = control.harness.track(
      control.segment(answer, reply: true, sequence: 500, acknowledgment: 100), control.look)
    #expect(tracked.text == "est|rpl|trk")
    var data = control.hosts
    (data.clientPort, data.serverPort) = (30_000, 0x1234)
    #expect(control.harness.track(data.tcp(2, sequence: 7), ct(zone: 1)).text == "new|rel|trk")
  }

  @Test func `an address that is not the sender's makes the packet invalid, and opens nothing`() {
    let control = Control()
    for command in ["PORT 10,0,0,9,4,210\r\n", "PORT 10,0,0,1,4\r\n"] {
      let tracked = control.harness.track(
        control.segment(command, sequence: 100, acknowledgment: 500), control.look)
      #expect(tracked.text == "est|inv|trk")
    }
    var data = Hosts(client: 2, server: 9)
    (data.clientPort, data.serverPort) = (20, 1234)
    #expect(control.harness.track(data.tcp(2, sequence: 7), ct(zone: 1)).text == "new|trk")
  }

  @Test func `a translated address is written anew, and later numbers follow`() {
    let control = Control(translation: nat(.source, [10, 0, 200, 250]))
    let command = "PORT 10,0,0,1,4,210\r\n"
    let tracked = control.harness.track(
      control.segment(command, sequence: 100, acknowledgment: 500), control.look)
    #expect(text(tracked) == "PORT 10,0,200,250,4,210\r\n")
    #expect(tracked.addresses[0] == [10, 0, 200, 250])
    #expect(tracked.bytes.count == 54 + command.utf8.count + 4)
    // Lengths and both checksums are right: what was sent is accepted as it is.
    let again = TrackHarness()
    #expect(again.track(tracked.bytes, ct(commit: true)).text == "new|trk")
    #expect(again.count(.transportChecksum) == 0 && again.count(.headerChecksum) == 0)
    // The server acknowledges four bytes more than the client has sent; the client must not see them.
    let reply = control.harness.track(
      control.answer(
        control.segment(
          "200 OK\r\n", reply: true, sequence: 500, acknowledgment: 100 + command.utf8.count + 4)),
      control.look)
    #expect(reply.text.hasPrefix("est|rpl|trk"))
    #expect(Array(reply.bytes[42..<46]) == big(100 + command.utf8.count, 4))
    let next = control.harness.track(
      control.segment("NOOP\r\n", sequence: 100 + command.utf8.count, acknowledgment: 508), control.look)
    #expect(Array(next.bytes[38..<42]) == big(100 + command.utf8.count + 4, 4))
    // The server's connection for data comes to the translated address, and to the client.
    let data = Hosts.frame(
      6, big(20, 2) + big(1234, 2) + big(7, 4) + big(0, 4) + big(0x5002, 2) + big(512, 2) + [0, 0, 0, 0],
      from: [10, 0, 0, 2], to: [10, 0, 200, 250], field: 16)
    let opened = control.harness.track(data, ct(zone: 1, commit: true, nat: nat()))
    #expect(opened.text.hasPrefix("new|rel|trk"))
    #expect(opened.addresses[1] == [10, 0, 0, 1])
  }

  @Test func `an answer to a request of TFTP is related, from whatever port it comes`() {
    let harness = TrackHarness()
    var hosts = Hosts()
    hosts.serverPort = 69
    var action = ct(commit: true)
    action.helper = Array("tftp".utf8)
    #expect(harness.track(hosts.udp([0, 1, 0x61, 0, 0x62, 0]), action).text == "new|trk")
    var answer = Hosts(client: 2, server: 1)
    (answer.clientPort, answer.serverPort) = (5555, 1000)
    #expect(harness.track(answer.udp([0, 3]), ct()).text == "new|rel|trk")
  }
}

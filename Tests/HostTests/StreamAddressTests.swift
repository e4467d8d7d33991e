import Testing

@testable import Host

@Suite struct StreamAddressTests {
  func parse(_ text: String) -> StreamAddress.Transport? {
    try? StreamAddress(text, defaultPort: 6640, runDirectory: "/run/x").transport
  }

  @Test func `all forms of address`() {
    #expect(parse("unix:db.sock") == .local(path: "/run/x/db.sock"))
    #expect(parse("punix:/a/b:c") == .local(path: "/a/b:c"))
    #expect(parse("tcp:127.0.0.1") == .tcp(host: "127.0.0.1", port: 6640))
    #expect(parse("tcp:127.0.0.1:1") == .tcp(host: "127.0.0.1", port: 1))
    #expect(parse("tcp:[::1]:77") == .tcp(host: "::1", port: 77))
    #expect(parse("tcp:[::1]") == .tcp(host: "::1", port: 6640))
    #expect(parse("tcp:::1") == .tcp(host: "::1", port: 6640))
    #expect(parse("ptcp:") == .tcp(host: "", port: 6640))
    #expect(parse("ptcp:0") == .tcp(host: "", port: 0))
    #expect(parse("ptcp:6653:[::]") == .tcp(host: "::", port: 6653))
    #expect(parse("ptcp::10.0.0.1") == .tcp(host: "10.0.0.1", port: 6640))
    #expect(parse("ssl:h:5") == .tls(host: "h", port: 5))
  }

  @Test func `what is no address`() {
    for text in [
      "", "unix", "unix:", "tcp:", "tcp:[::1", "tcp:[::1]x", "tcp:a:b", "tcp:a:70000", "ptcp:x", "udp:1",
    ] {
      #expect(parse(text) == nil, "\(text)")
    }
  }
}

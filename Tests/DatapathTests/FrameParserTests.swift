import Testing

@testable import Datapath

struct FrameParserTests {
  /// An ARP request of 10.0.0.1 for 10.0.0.2.
  static let request: [UInt8] =
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]
    + [2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2]

  @Test func `an ARP request fills the words of ARP`() throws {
    let parser = FrameParser()
    let found = parser.key(of: Self.request)
    let key = try #require(found)
    #expect(key.words[1] == 0xffff_ffff_ffff_0806)
    #expect(key.words[2] == 0x0200_0000_0001_0000)
    #expect(key.words[3] == 0x0a00_0001_0a00_0002)
    #expect(key.words[4] == 1 << 56)
    #expect(key.words[17] == 0x0200_0000_0001_0000)
  }

  @Test func `nothing of a frame is left for the next`() throws {
    let parser = FrameParser()
    _ = parser.key(of: Self.request)
    let found = parser.key(of: Array(Self.request[0..<12]) + [0x12, 0x34])
    let key = try #require(found)
    var expected = FlowKey()
    expected.words[1] = 0xffff_ffff_ffff_1234
    expected.words[2] = 0x0200_0000_0001_0000
    #expect(key == expected)
  }

  @Test func `every truncation gives a key or nothing`() {
    let parser = FrameParser()
    for count in 0...Self.request.count {
      let key = parser.key(of: Array(Self.request[0..<count]))
      #expect((key != nil) == (count >= 14))
    }
    let long = parser.key(of: Self.request + [UInt8](repeating: 7, count: 70_000))
    #expect(long != nil)
  }
}

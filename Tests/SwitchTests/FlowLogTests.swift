import Datapath
import Testing

@testable import Switch

@Suite struct FlowLogTests {
  @Test func `frames are hexadecimal digits, with blanks between bytes or not`() {
    let frame = [UInt8](repeating: 0xab, count: 14)
    let digits = String(repeating: "ab", count: 14)
    #expect(FrameText.bytes(digits) == frame)
    #expect(FrameText.bytes(String(repeating: "AB ", count: 14)) == frame)
    #expect(FrameText.bytes("abababab\nabababab\tabababababab\r\n") == frame)
    #expect(FrameText.bytes("a" + digits + "b") != frame)
    #expect(FrameText.bytes("a b" + digits) == nil)
    #expect(FrameText.bytes(digits + " a") == nil)
  }
}

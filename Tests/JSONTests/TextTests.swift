import JSON
import Testing

@Suite struct TextTests {
  @Test("texts compare by bytes, not by canonical equivalence")
  func comparison() {
    let composed = Text("\u{e9}")
    let decomposed = Text("e\u{301}")
    #expect(composed.string == decomposed.string)
    #expect(composed != decomposed)
    #expect(decomposed < composed)
    #expect(Set([composed, decomposed]).count == 2)
    #expect(Text("a") < Text("ab"))
    #expect(!(Text("ab") < Text("a")))
    #expect(!(Text("a") < Text("a")))
    #expect(Text("long enough not to be a small string") == Text("long enough not to be a small " + "string"))
  }

  @Test("a small and a large string of equal bytes hash alike")
  func hashing() {
    var long = String(repeating: "x", count: 100)
    long.removeLast(95)
    #expect(Text(long).hashValue == Text("xxxxx").hashValue)
    #expect(Text(long) == "xxxxx")
  }
}

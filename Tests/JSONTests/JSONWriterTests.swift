import JSON
import TestSupport
import Testing

@Suite struct JSONWriterTests {
  @Test("output has no spaces, and members in their own order or sorted")
  func styles() {
    let value: JSONValue = ["b": [1, true, .null], "a": [:], "c": []]
    #expect(value.string() == #"{"b":[1,true,null],"a":{},"c":[]}"#)
    #expect(value.string(style: .sorted) == #"{"a":{},"b":[1,true,null],"c":[]}"#)
    #expect(
      value.string(style: .pretty) == """
        {
          "a": {},
          "b": [
            1,
            true,
            null],
          "c": []}
        """)
  }

  @Test("control characters are escaped")
  func escapes() {
    let value: JSONValue = [.string(Text("\"\\/\u{8}\u{c}\n\r\t\u{1}\u{1f}é𝄞\u{7f}"))]
    #expect(value.string() == "[\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001fé𝄞\u{7f}\"]")
  }

  @Test("integers at the ends of their range are written")
  func integers() {
    #expect(
      JSONValue.array([.integer(.min), .integer(.max), 0, -1]).string()
        == "[-9223372036854775808,9223372036854775807,0,-1]")
  }

  @Test("numbers with fractions are laid out as printf's %g does it")
  func reals() {
    let cases: [(Double, String)] = [
      (0.1, "0.1"), (1.5, "1.5"), (-2.25, "-2.25"), (1e20, "1e+20"), (1e-5, "1e-05"), (0.0001, "0.0001"),
      (1e300, "1e+300"), (1.5e-300, "1.5e-300"), (0.30000000000000004, "0.30000000000000004"),
      (123456789.125, "123456789.125"), (1e15, "1e+15"), (100, "100"), (0, "0"), (1.2345e18, "1.2345e+18"),
      (.infinity, "null"),
    ]
    for (real, text) in cases { #expect(JSONWriter.text(of: real) == text) }
  }

  @Test("random numbers read back as they were")
  func realRoundTrip() throws {
    var random = SeededRandom(seed: 11)
    for _ in 0..<20000 {
      let real = Double(bitPattern: random.next())
      guard real.isFinite, real != 0 else { continue }
      let value = try JSONParser.parse("[\(JSONWriter.text(of: real))]")
      #expect(value.array?.first?.double == real, "seed 11: \(real)")
    }
  }
}

extension JSONWriter {
  /// A number in the fewest digits that read back as the same number, laid out as C's `%g` lays them out.
  ///
  /// JSON has no infinities and no "not a number"; they can only come from arithmetic that its caller should
  /// have refused, and are written as `null`, as other writers do.
  public static func text(of real: Double) -> String {
    guard real.isFinite else { return "null" }
    let (digits, exponent) = decimalDigits(of: real)
    guard !digits.isEmpty else { return real.sign == .minus ? "-0" : "0" }
    var output: [UInt8] = real < 0 ? [UInt8(ascii: "-")] : []
    // C's DBL_DIG: with up to so many digits, %g prints no exponent.
    let precision = max(15, digits.count)
    if exponent < -4 || exponent >= precision {
      appendScientific(digits, exponent: exponent, to: &output)
    } else if exponent < 0 {
      output.append(contentsOf: "0.".utf8)
      for _ in 0..<(-exponent - 1) { output.append(UInt8(ascii: "0")) }
      output.append(contentsOf: digits)
    } else {
      for index in 0..<max(digits.count, exponent + 1) {
        if index == exponent + 1 { output.append(UInt8(ascii: ".")) }
        output.append(index < digits.count ? digits[index] : UInt8(ascii: "0"))
      }
    }
    return String(decoding: output, as: UTF8.self)
  }

  private static func appendScientific(_ digits: [UInt8], exponent: Int, to output: inout [UInt8]) {
    output.append(digits[0])
    if digits.count > 1 {
      output.append(UInt8(ascii: "."))
      output.append(contentsOf: digits[1...])
    }
    output.append(UInt8(ascii: "e"))
    output.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    if exponent.magnitude < 10 { output.append(UInt8(ascii: "0")) }
    output.append(decimal: Int64(exponent.magnitude))
  }

  /// The significant digits, without zeros at either end, and the power of ten of the first.
  private static func decimalDigits(of real: Double) -> (digits: [UInt8], exponent: Int) {
    var digits: [UInt8] = []
    var pointPlace: Int?
    var exponent = 0
    var isExponentNegative = false
    var isInExponent = false
    for byte in real.magnitude.description.utf8 {
      switch byte {
      case UInt8(ascii: "."): pointPlace = digits.count
      case UInt8(ascii: "e"): isInExponent = true
      case UInt8(ascii: "-"): isExponentNegative = true
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if isInExponent {
          exponent = exponent * 10 + Int(byte - UInt8(ascii: "0"))
        } else {
          digits.append(byte)
        }
      default: break
      }
    }
    if isExponentNegative { exponent = -exponent }
    exponent += (pointPlace ?? digits.count) - 1
    let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    digits.removeFirst(leadingZeros)
    exponent -= leadingZeros
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    return (digits, exponent)
  }
}

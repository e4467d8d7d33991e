/// The one source of chance in a simulated life (splitmix64): the same seed gives the same life.
struct Chance {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 ^ 0x5bd1_e995_0000_0001 }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  /// A number of a range.
  mutating func number(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
  }

  /// True so many times in a hundred.
  mutating func percent(_ share: Int) -> Bool { number(0...99) < share }

  /// One of some things, of which there must be one.
  mutating func pick<Element>(_ choices: [Element]) -> Element { choices[number(0...choices.count - 1)] }

  /// One of some things; nil if there is none.
  mutating func pickAny<Element>(_ choices: [Element]) -> Element? {
    choices.isEmpty ? nil : pick(choices)
  }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

  /// The bytes with a few of them changed, added or taken out.
  mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<number(1...4) where !bytes.isEmpty {
      let place = number(0...bytes.count - 1)
      switch number(0...4) {
      case 0: bytes[place] ^= 1 << UInt8(number(0...7))
      case 1: bytes[place] = pick([0, 0xff, 0x7f, 0x80, 1])
      case 2: bytes.insert(UInt8(truncatingIfNeeded: next()), at: place)
      case 3: bytes.remove(at: place)
      default: bytes.removeLast(number(0...min(8, bytes.count - 1)))
      }
    }
    return bytes
  }

  /// The bytes in pieces, cut anywhere.
  mutating func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
    guard bytes.count > 1, percent(30) else { return [bytes] }
    var pieces: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty, pieces.count < 5 {
      let count = number(1...rest.count)
      pieces.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    if !rest.isEmpty { pieces.append(Array(rest)) }
    return pieces
  }
}

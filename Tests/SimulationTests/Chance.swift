import Datapath

/// The one source of chance in a simulated life: the same seed gives the same life.
struct Chance {
  private var numbers: SplitMix64

  init(seed: UInt64) {
    numbers = SplitMix64(seed: seed &* SplitMix64.increment ^ 0x5bd1_e995_0000_0001)
  }

  mutating func next() -> UInt64 { numbers.next() }

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

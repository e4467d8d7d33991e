/// The prefixes that rules have of one 32-bit value, to know how many bits tell a packet apart from all of them.
///
/// Without it a rule for 10.1.2.0/24 would cost every packet's datapath flow 24 bits of the address. With it, a
/// packet to 192.168.0.1 costs one bit, since the first bit already says that no rule has such a prefix.
struct PrefixTrie {
  /// A stretch of bits that all prefixes below share, and how many rules have exactly the prefix that ends with it.
  private struct Node {
    var prefix: UInt32
    var bitCount: UInt8
    var ruleCount: UInt32 = 0
    var edges: (UInt32, UInt32) = (0, 0)
  }

  /// What a lookup found.
  struct Answer {
    /// How many leading bits were looked at.
    var bitCount: Int
    /// Bit 31 - n is set if some rule has the value's leading n + 1 bits as its prefix.
    var prefixLengths: UInt32

    /// Whether some rule has the value's leading `count` bits as its prefix.
    func hasPrefix(bitCount count: Int) -> Bool {
      count > 0 && prefixLengths & (1 << UInt32(32 &- count)) != 0
    }
  }

  /// The nodes; an edge is the index of a node, and 0, the place of a node that is never used, no edge.
  private var nodes: [Node] = [Node(prefix: 0, bitCount: 0)]
  private var free: [UInt32] = []
  private var root: UInt32 = 0

  init() {}

  /// The number of leading one bits if a mask has no other one bits, else 0.
  static func prefixLength(ofMask mask: UInt32) -> Int {
    let length = (~mask).leadingZeroBitCount
    return length == 32 || mask << UInt32(length) == 0 ? length : 0
  }

  private static func leading(_ value: UInt32, _ count: Int) -> UInt32 {
    count <= 0 ? 0 : value & (~0 << UInt32(32 &- min(count, 32)))
  }

  private static func bit(_ value: UInt32, _ index: Int) -> Bool { value >> UInt32(31 &- index) & 1 != 0 }

  /// How many of the first bits two values share, at most `limit`.
  private static func commonBits(_ left: UInt32, _ right: UInt32, limit: Int) -> Int {
    min((left ^ right).leadingZeroBitCount, limit)
  }

  private func edge(_ node: UInt32, _ side: Bool) -> UInt32 {
    side ? nodes[Int(node)].edges.1 : nodes[Int(node)].edges.0
  }

  private mutating func setEdge(_ node: UInt32?, _ side: Bool, _ target: UInt32) {
    guard let node else {
      root = target
      return
    }
    if side { nodes[Int(node)].edges.1 = target } else { nodes[Int(node)].edges.0 = target }
  }

  private mutating func makeNode(_ prefix: UInt32, _ bitCount: Int, ruleCount: UInt32) -> UInt32 {
    let node = Node(
      prefix: Self.leading(prefix, bitCount), bitCount: UInt8(truncatingIfNeeded: bitCount),
      ruleCount: ruleCount)
    if let index = free.popLast() {
      nodes[Int(index)] = node
      return index
    }
    nodes.append(node)
    return UInt32(truncatingIfNeeded: nodes.count &- 1)
  }

  /// Looks a value up: how many of its bits decide which prefixes it has.
  func lookup(_ value: UInt32) -> Answer {
    var answer = Answer(bitCount: 0, prefixLengths: 0)
    var offset = 0
    var previous: UInt32 = 0
    var node = root
    while node != 0 {
      let bitCount = Int(nodes[Int(node)].bitCount)
      let rest = offset >= 32 ? 0 : value << UInt32(offset)
      let same = Self.commonBits(rest, nodes[Int(node)].prefix, limit: bitCount)
      offset &+= same
      if same < bitCount {
        answer.bitCount = offset &+ 1
        return answer
      }
      if nodes[Int(node)].ruleCount > 0, offset > 0 { answer.prefixLengths |= 1 << UInt32(32 &- offset) }
      if offset >= 32 {
        answer.bitCount = 32
        return answer
      }
      previous = node
      node = edge(node, Self.bit(value, offset))
    }
    // The value leads to an edge that is not there: one more bit says so, if the other edge is there.
    if previous != 0, edge(previous, !Self.bit(value, offset)) != 0 { offset &+= 1 }
    answer.bitCount = offset
    return answer
  }

  /// Adds a rule's prefix.
  mutating func insert(_ value: UInt32, bitCount: Int) {
    var parent: UInt32?
    var side = false
    var offset = 0
    var node = root
    while node != 0 {
      let rest = offset >= 32 ? 0 : value << UInt32(offset)
      let nodeBits = Int(nodes[Int(node)].bitCount)
      let same = Self.commonBits(rest, nodes[Int(node)].prefix, limit: min(nodeBits, bitCount &- offset))
      offset &+= same
      if same < nodeBits {
        split(node, parent, side, same, value, offset, bitCount)
        return
      }
      if offset == bitCount {
        nodes[Int(node)].ruleCount &+= 1
        return
      }
      parent = node
      side = Self.bit(value, offset)
      node = edge(node, side)
    }
    let rest = offset >= 32 ? 0 : value << UInt32(offset)
    setEdge(parent, side, makeNode(rest, bitCount &- offset, ruleCount: 1))
  }

  /// Cuts a node in two after `same` bits, and hangs a new prefix there.
  private mutating func split(
    _ node: UInt32, _ parent: UInt32?, _ side: Bool, _ same: Int, _ value: UInt32, _ offset: Int,
    _ bitCount: Int
  ) {
    let old = nodes[Int(node)]
    let upper = makeNode(old.prefix, same, ruleCount: 0)
    nodes[Int(node)].prefix = old.prefix << UInt32(same)
    nodes[Int(node)].bitCount = old.bitCount &- UInt8(truncatingIfNeeded: same)
    setEdge(upper, Self.bit(old.prefix, same), node)
    setEdge(parent, side, upper)
    if offset == bitCount {
      nodes[Int(upper)].ruleCount = 1
    } else {
      let rest = value << UInt32(offset)
      setEdge(upper, Self.bit(value, offset), makeNode(rest, bitCount &- offset, ruleCount: 1))
    }
  }

  /// Takes away a prefix that a rule had.
  mutating func remove(_ value: UInt32, bitCount: Int) {
    var path: [(parent: UInt32?, side: Bool, node: UInt32)] = []
    var offset = 0
    var parent: UInt32?
    var side = false
    var node = root
    while node != 0 {
      let nodeBits = Int(nodes[Int(node)].bitCount)
      guard offset &+ nodeBits <= bitCount else { return }
      path.append((parent, side, node))
      offset &+= nodeBits
      if offset == bitCount { break }
      parent = node
      side = Self.bit(value, offset)
      node = edge(node, side)
    }
    guard node != 0, nodes[Int(node)].ruleCount > 0 else { return }
    nodes[Int(node)].ruleCount &-= 1
    while let step = path.popLast() { if !prune(step) { return } }
  }

  /// Removes a node that no rule needs, or joins it with its only child; says whether it changed anything.
  private mutating func prune(_ step: (parent: UInt32?, side: Bool, node: UInt32)) -> Bool {
    let node = nodes[Int(step.node)]
    guard node.ruleCount == 0 else { return false }
    switch node.edges {
    case (0, 0):
      setEdge(step.parent, step.side, 0)
    case (let child, 0), (0, let child):
      let lower = nodes[Int(child)]
      nodes[Int(child)].prefix =
        node.prefix | (node.bitCount >= 32 ? 0 : lower.prefix >> UInt32(node.bitCount))
      nodes[Int(child)].bitCount = node.bitCount &+ lower.bitCount
      setEdge(step.parent, step.side, child)
    default:
      return false
    }
    free.append(step.node)
    return true
  }
}

/// Makes flow keys of frames that are not in an engine: those that the daemon itself sends or is asked about.
///
/// It is the engine's parser, on a packet buffer of its own.
public final class FrameParser {
  private var pool: PacketPool
  private var bank = KeyBank(count: 1)
  private let slot: PacketSlot
  private let tagLimit: Int

  /// The longest frame that is parsed, in bytes; of a longer one the rest is not looked at.
  static var maximumByteCount: Int { 65_536 + 64 }

  /// Makes a parser that looks at up to `tagLimit` VLAN tags.
  public init(tagLimit: Int = 1) {
    pool = PacketPool(
      smallSlots: 0, smallByteCount: 0, largeSlots: 1, largeByteCount: FrameParser.maximumByteCount)
    slot = pool.take(byteCount: FrameParser.maximumByteCount)
    self.tagLimit = min(2, max(0, tagLimit))
  }

  /// The key of a frame, without a port; nil if it is shorter than an Ethernet header.
  public func key(of frame: [UInt8]) -> FlowKey? {
    guard frame.count >= 14, !slot.isNone else { return nil }
    var state = PacketState()
    state.slot = slot
    state.start = pool.address(of: slot) &+ PacketPool.headroomByteCount
    state.count = min(frame.count, FrameParser.maximumByteCount)
    pool.copy(RawSpan(_elements: frame.span).extracting(0..<state.count), to: state.start)
    let row = KeyRow(0)
    bank.base[row] = BaseKey()
    bank.reset(row)
    Parser.parse(&state, pool, &bank, tagLimit: tagLimit)
    var key = FlowKey()
    bank.load(row, into: &key)
    return key
  }
}

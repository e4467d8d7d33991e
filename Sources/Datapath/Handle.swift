// What: where something lies in one of the engine's tables.
//
// Why not `Int`: a port, a flow, a row of the key bank and a slot of the packet pool are all small numbers, often side by side. A handle
// says of which table it is, and none is a value of its own that a table does not take.

/// A place in the table that `Owner` names, or none.
struct Handle<Owner: ~Copyable>: BitwiseCopyable {
  /// The place, or the largest number for none.
  let rawValue: UInt32

  /// No place.
  @inline(__always)
  static var none: Handle { Handle(rawValue: .max) }

  @inline(__always)
  private init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The place with an index; none for -1.
  @inline(__always)
  init(_ index: Int) { rawValue = UInt32(truncatingIfNeeded: index) }

  /// Whether there is no place.
  @inline(__always)
  var isNone: Bool { rawValue == .max }

  /// The place's index; larger than any table for none.
  @inline(__always)
  var index: Int { Int(rawValue) }
}

extension Handle: Equatable where Owner: ~Copyable {
  @inline(__always)
  static func == (left: Handle, right: Handle) -> Bool { left.rawValue == right.rawValue }
}

/// A flow of the flow table.
typealias FlowHandle = Handle<FlowRecord>
/// A mask that flows of the flow table share.
typealias MaskHandle = Handle<MaskGroup>
/// A row of values that a flow has beyond its base words.
typealias FurtherRow = Handle<FlowTable>
/// A port's record.
typealias PortHandle = Handle<PortRecord>
/// A key of the key bank, and whatever else the engine has for the packet with that key.
typealias KeyRow = Handle<KeyBank>
/// A slot of the packet pool.
typealias PacketSlot = Handle<PacketPool>
/// The first word of a program in the program store.
typealias ProgramHandle = Handle<ProgramStore>
/// An entry of the output queues.
typealias OutputHandle = Handle<OutputEntry>
/// An entry of the queue to the daemon.
typealias UpcallHandle = Handle<UpcallEntry>
/// A port's line in the queue to the daemon.
typealias UpcallLineHandle = Handle<UpcallLine>

/// A row of plain values that handles of one kind name.
struct Table<Element: BitwiseCopyable, Owner: ~Copyable>: ~Copyable {
  private var rows: Slab<Element>

  init(repeating value: Element, count: Int) { rows = Slab(repeating: value, count: count) }

  /// How many values there are.
  @inline(__always)
  var count: Int { rows.count }

  subscript(handle: Handle<Owner>) -> Element {
    @inline(__always)
    unsafeAddress { unsafe rows.address(of: handle.index) }
    @inline(__always)
    unsafeMutableAddress { unsafe rows.mutableAddress(of: handle.index) }
  }

  /// Makes the row longer by copies of `value`; never done for a packet.
  mutating func grow(to newCount: Int, repeating value: Element) { rows.grow(to: newCount, repeating: value) }
}

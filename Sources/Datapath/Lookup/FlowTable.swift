// What: the masked flow table, a tuple space. Flows with the same mask form a group; a packet is looked up in
// each group by the hash of its key under that mask.
//
// Why: a megaflow covers many connections with one entry. The price is one probe a mask, so masks are tried in
// the order of how often they hit lately, their number has a limit, and the exact-match cache stands in front.
//
// How: one open-addressing table serves all groups, the group's number being part of the hash. A slot is a
// 32-bit piece of hash and a flow's number. A flow's base value is one cache line, its counters another; the
// mask is the group's and shared. Values in further segments lie apart, and only if they are not all zero.

/// A mask, and how it fares.
struct MaskGroup: BitwiseCopyable {
  /// Bits of the base words.
  var base = BaseKey()
  /// Segments in which the mask has bits.
  var segments: UInt16 = 0
  /// How many flows use it; zero frees it.
  var flowCount: UInt32 = 0
  /// How often it answered since the order was last made.
  var recentHits: UInt64 = 0
}

/// A flow's state, apart from its value.
struct FlowRecord: BitwiseCopyable {
  /// Packets that matched.
  var packets: UInt64 = 0
  /// Their bytes.
  var bytes: UInt64 = 0
  /// When the last one matched, in milliseconds; zero is never.
  var usedMilliseconds: UInt64 = 0
  /// The hash under the group's mask.
  var hash: UInt64 = 0
  /// The first word of the program in the code store.
  var program = ProgramHandle.none
  /// The row of further values, or none where all are zero.
  var further = FurtherRow.none
  private var groupNumber: UInt16 = 0
  /// Segments in which the value has bits.
  var segments: UInt16 = 0
  /// TCP flags seen.
  var tcpFlags: UInt16 = 0
  /// Whether the flow exists.
  var isAlive = false

  /// The mask's group.
  @inline(__always)
  var group: MaskHandle {
    get { MaskHandle(Int(groupNumber)) }
    set { groupNumber = UInt16(truncatingIfNeeded: newValue.index) }
  }
}

/// The masked flow table.
struct FlowTable: ~Copyable {
  var values: Table<BaseKey, FlowRecord>
  var records: Table<FlowRecord, FlowRecord>
  var groups: Table<MaskGroup, MaskGroup>
  /// Groups in the order in which they are searched.
  var order: Slab<MaskHandle>
  /// How many groups are in use.
  private(set) var groupCount = 0
  /// How many flows exist.
  private(set) var flowCount = 0
  /// One more than the highest number that a flow ever had.
  private(set) var highestFlow = 0
  /// How often a flow was refused because its mask would have been one too many.
  private(set) var refusedMasks: UInt64 = 0

  private var groupWords: Slab<UInt64>
  private var further: Slab<UInt64>
  /// The first free row of further values, and the first free flow; each names the next in a place of its own, so that
  /// giving up a flow takes no memory.
  private var freeFurther = FurtherRow.none
  private var freeFlow = FlowHandle.none
  private var freeGroups: [MaskHandle] = []
  private var slots: Slab<UInt64>
  private var usedSlots = 0
  private var nextFurther = 0
  let maximumFlowCount: Int

  init(maximumMaskCount: Int, maximumFlowCount: Int) {
    self.maximumFlowCount = maximumFlowCount
    values = Table(repeating: BaseKey(), count: 64)
    records = Table(repeating: FlowRecord(), count: 64)
    groups = Table(repeating: MaskGroup(), count: maximumMaskCount)
    order = Slab(repeating: .none, count: maximumMaskCount)
    groupWords = Slab(repeating: 0, count: maximumMaskCount * FlowTable.rowWordCount)
    further = Slab(repeating: 0, count: 0)
    slots = Slab(repeating: 0, count: 256)
    for index in stride(from: maximumMaskCount - 1, through: 0, by: -1) {
      freeGroups.append(MaskHandle(index))
    }
  }

  /// Words of a row of further values or masks.
  static var rowWordCount: Int { KeyBank.furtherWordCount }
  /// A slot whose flow was removed.
  private static var removed: UInt64 { 0xffff_ffff }

  // MARK: Packets

  /// Whether a packet's key matches a flow.
  @inline(__always)
  func matches(_ flow: FlowHandle, _ key: BaseKey, _ bank: borrowing KeyBank, _ index: KeyRow) -> Bool {
    let group = records[flow].group
    guard values[flow].difference(key, under: groups[group].base) == 0 else { return false }
    return matchesFurther(flow, group, bank, index)
  }

  @inline(__always)
  private func matchesFurther(
    _ flow: FlowHandle, _ group: MaskHandle, _ bank: borrowing KeyBank, _ index: KeyRow
  ) -> Bool {
    let record = records[flow]
    guard record.isAlive else { return false }
    let present = bank.segments[index]
    // Bits wanted in a segment that the packet does not have.
    guard record.segments & ~present == 0 else { return false }
    let shared = groups[group].segments & present & ~KeySegment.base.bit
    if shared == 0 { return true }
    return comparesFurther(flow, group, bank, index, shared)
  }

  @inline(never)
  func comparesFurther(
    _ flow: FlowHandle, _ group: MaskHandle, _ bank: borrowing KeyBank, _ index: KeyRow, _ shared: UInt16
  ) -> Bool {
    let row = records[flow].further
    for segment in 1..<KeySegment.count where shared & 1 << UInt16(segment) != 0 {
      for word in KeySegment.words(ofSegment: segment) {
        let wanted =
          row.isNone ? 0 : further[row.index &* FlowTable.rowWordCount &+ word &- BaseKey.wordCount]
        let mask = groupWords[group.index &* FlowTable.rowWordCount &+ word &- BaseKey.wordCount]
        if bank[index, word] & mask != wanted { return false }
      }
    }
    return true
  }

  /// The flow that a packet's key matches, or none, and how many groups were searched.
  func search(
    _ index: KeyRow, _ bank: borrowing KeyBank, _ hash: borrowing KeyHash, searched: inout Int
  ) -> FlowHandle {
    let key = bank.base[index]
    let present = bank.segments[index]
    for position in 0..<groupCount {
      let group = order[position]
      searched &+= 1
      let value = groupHash(group, key, present, bank, index, hash)
      let flow = find(value, key, bank, index, group)
      if !flow.isNone { return flow }
    }
    return .none
  }

  @inline(__always)
  private func groupHash(
    _ group: MaskHandle, _ key: BaseKey, _ present: UInt16, _ bank: borrowing KeyBank, _ index: KeyRow,
    _ hash: borrowing KeyHash
  ) -> UInt64 {
    var sum = hash.part(key, under: groups[group].base) &+ UInt64(truncatingIfNeeded: group.index &+ 1)
    let shared = groups[group].segments & present & ~KeySegment.base.bit
    if shared != 0 {
      for segment in 1..<KeySegment.count where shared & 1 << UInt16(segment) != 0 {
        for word in KeySegment.words(ofSegment: segment) {
          let mask = groupWords[group.index &* FlowTable.rowWordCount &+ word &- BaseKey.wordCount]
          sum &+= hash.part(bank[index, word] & mask, word)
        }
      }
    }
    return KeyHash.finish(sum)
  }

  @inline(__always)
  private func find(
    _ value: UInt64, _ key: BaseKey, _ bank: borrowing KeyBank, _ index: KeyRow, _ group: MaskHandle
  ) -> FlowHandle {
    let mask = slots.count &- 1
    var place = Int(truncatingIfNeeded: value) & mask
    while true {
      let slot = slots[place]
      if slot == 0 { return .none }
      if slot >> 32 == value >> 32 && slot != FlowTable.removed {
        let flow = FlowHandle(Int(truncatingIfNeeded: slot & 0xffff_ffff) &- 1)
        if records[flow].group == group && matches(flow, key, bank, index) { return flow }
      }
      place = (place &+ 1) & mask
    }
  }
}

// MARK: - Flows come and go

extension FlowTable {
  /// Why a flow was not added.
  enum Refusal { case tooManyMasks, tooManyFlows }

  /// Adds a flow of which none with the same value and mask exists.
  mutating func add(
    key: FlowKey, mask: FlowKey, hash: borrowing KeyHash
  ) -> (flow: FlowHandle, refusal: Refusal?) {
    guard flowCount < maximumFlowCount else { return (.none, .tooManyFlows) }
    guard let group = findGroup(mask) ?? makeGroup(mask) else {
      refusedMasks &+= 1
      return (.none, .tooManyMasks)
    }
    growSlotsIfNeeded()
    let flow = takeFlow()
    let masked = FlowTable.masked(key, mask)
    var record = FlowRecord()
    record.group = group
    record.isAlive = true
    record.segments = FlowTable.segments(of: masked) & ~KeySegment.base.bit
    values[flow] = BaseKey(masked)
    if record.segments != 0 { record.further = storeFurther(masked) }
    record.hash = FlowTable.hash(masked, group: group, hash)
    records[flow] = record
    groups[group].flowCount += 1
    insertSlot(record.hash, flow)
    flowCount += 1
    return (flow, nil)
  }

  /// The flow with exactly this value and mask, or none.
  func find(key: FlowKey, mask: FlowKey, hash: borrowing KeyHash) -> FlowHandle {
    guard let group = findGroup(mask) else { return .none }
    let masked = FlowTable.masked(key, mask)
    let value = FlowTable.hash(masked, group: group, hash)
    let slotMask = slots.count - 1
    var place = Int(truncatingIfNeeded: value) & slotMask
    while slots[place] != 0 {
      let slot = slots[place]
      if slot >> 32 == value >> 32 && slot != FlowTable.removed {
        let flow = FlowHandle(Int(slot & 0xffff_ffff) - 1)
        if records[flow].group == group, self.key(of: flow) == masked { return flow }
      }
      place = (place + 1) & slotMask
    }
    return .none
  }

  /// Removes a flow.
  mutating func remove(_ flow: FlowHandle) {
    let record = records[flow]
    guard record.isAlive else { return }
    let slotMask = slots.count - 1
    var place = Int(truncatingIfNeeded: record.hash) & slotMask
    while slots[place] != 0 {
      if Int(slots[place] & 0xffff_ffff) == flow.index + 1 {
        slots[place] = FlowTable.removed
        break
      }
      place = (place + 1) & slotMask
    }
    records[flow].isAlive = false
    records[flow].program = .none
    if !record.further.isNone {
      further[record.further.index * FlowTable.rowWordCount] = UInt64(truncatingIfNeeded: freeFurther.index)
      freeFurther = record.further
    }
    records[flow].further = .none
    records[flow].hash = UInt64(truncatingIfNeeded: freeFlow.index)
    freeFlow = flow
    flowCount -= 1
    let group = record.group
    groups[group].flowCount -= 1
    if groups[group].flowCount == 0 { removeGroup(group) }
  }

  /// A flow's masked key.
  func key(of flow: FlowHandle) -> FlowKey {
    var key = FlowKey()
    values[flow].store(into: &key)
    let row = records[flow].further
    if !row.isNone {
      for word in BaseKey.wordCount..<FlowKey.wordCount {
        key.words[word] = further[row.index * FlowTable.rowWordCount + word - BaseKey.wordCount]
      }
    }
    return key
  }

  /// A flow's mask.
  func mask(of flow: FlowHandle) -> FlowKey { mask(ofGroup: records[flow].group) }

  private func mask(ofGroup group: MaskHandle) -> FlowKey {
    var key = FlowKey()
    groups[group].base.store(into: &key)
    for word in BaseKey.wordCount..<FlowKey.wordCount {
      key.words[word] = groupWords[group.index * FlowTable.rowWordCount + word - BaseKey.wordCount]
    }
    return key
  }

  /// Puts the groups that answer most at the front; never done for a packet.
  mutating func sortGroups() {
    var list: [(hits: UInt64, group: MaskHandle)] = []
    for position in 0..<groupCount { list.append((groups[order[position]].recentHits, order[position])) }
    list.sort { $0.hits > $1.hits }
    for position in 0..<groupCount {
      order[position] = list[position].group
      groups[list[position].group].recentHits /= 2
    }
  }

  private func findGroup(_ mask: FlowKey) -> MaskHandle? {
    for position in 0..<groupCount {
      let group = order[position]
      let base = groups[group].base
      guard base == BaseKey(mask) else { continue }
      if self.mask(ofGroup: group) == mask { return group }
    }
    return nil
  }

  private mutating func makeGroup(_ mask: FlowKey) -> MaskHandle? {
    guard let group = freeGroups.popLast() else { return nil }
    var entry = MaskGroup()
    entry.base = BaseKey(mask)
    entry.segments = FlowTable.segments(of: mask)
    groups[group] = entry
    for word in BaseKey.wordCount..<FlowKey.wordCount {
      groupWords[group.index * FlowTable.rowWordCount + word - BaseKey.wordCount] = mask.words[word]
    }
    order[groupCount] = group
    groupCount += 1
    return group
  }

  private mutating func removeGroup(_ group: MaskHandle) {
    var position = 0
    while position < groupCount && order[position] != group { position += 1 }
    while position + 1 < groupCount {
      order[position] = order[position + 1]
      position += 1
    }
    groupCount -= 1
    freeGroups.append(group)
  }

  /// The flow that the next one to be added is.
  var nextFlow: FlowHandle { freeFlow.isNone ? FlowHandle(highestFlow) : freeFlow }

  private mutating func takeFlow() -> FlowHandle {
    let flow = nextFlow
    if !freeFlow.isNone {
      freeFlow = FlowHandle(Int(truncatingIfNeeded: records[flow].hash))
      return flow
    }
    if flow.index == values.count {
      values.grow(to: values.count * 2, repeating: BaseKey())
      records.grow(to: records.count * 2, repeating: FlowRecord())
    }
    highestFlow += 1
    return flow
  }

  /// Words of further values after the next row; as many as now if there is room for it.
  private var nextFurtherWordCount: Int {
    guard freeFurther.isNone, (nextFurther + 1) * FlowTable.rowWordCount > further.count else {
      return further.count
    }
    return max(16, (nextFurther + 1) * 2) * FlowTable.rowWordCount
  }

  private mutating func storeFurther(_ key: FlowKey) -> FurtherRow {
    further.grow(to: nextFurtherWordCount, repeating: 0)
    let row: FurtherRow
    if !freeFurther.isNone {
      row = freeFurther
      freeFurther = FurtherRow(Int(truncatingIfNeeded: further[row.index * FlowTable.rowWordCount]))
    } else {
      row = FurtherRow(nextFurther)
      nextFurther += 1
    }
    for word in BaseKey.wordCount..<FlowKey.wordCount {
      further[row.index * FlowTable.rowWordCount + word - BaseKey.wordCount] = key.words[word]
    }
    return row
  }

  private mutating func insertSlot(_ hash: UInt64, _ flow: FlowHandle) {
    let mask = slots.count - 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while slots[place] != 0 && slots[place] != FlowTable.removed { place = (place + 1) & mask }
    if slots[place] == 0 { usedSlots += 1 }
    slots[place] = (hash >> 32) << 32 | UInt64(flow.index + 1)
  }

  /// How many slots there have to be for the next flow; as many as now if there is room for it.
  private var nextSlotCount: Int? {
    guard (usedSlots + 1) * 2 > slots.count else { return nil }
    var size = 256
    while size < (flowCount + 1) * 4 { size *= 2 }
    return size
  }

  /// How many bytes the tables have.
  var byteCount: Int {
    Slab<BaseKey>.byteCount(of: values.count) + Slab<FlowRecord>.byteCount(of: records.count)
      + Slab<UInt64>.byteCount(of: further.count) + Slab<UInt64>.byteCount(of: slots.count)
  }

  /// How many bytes the tables take to add a flow: nothing, or what a larger one needs while the smaller one is still there.
  func growthByteCount(key: FlowKey, mask: FlowKey) -> Int {
    var bytes = nextSlotCount.map(Slab<UInt64>.byteCount) ?? 0
    if nextFlow.index == values.count {
      bytes += Slab<BaseKey>.byteCount(of: values.count * 2)
      bytes += Slab<FlowRecord>.byteCount(of: records.count * 2)
    }
    let words = nextFurtherWordCount
    if words > further.count, FlowTable.segments(of: FlowTable.masked(key, mask)) != KeySegment.base.bit {
      bytes += Slab<UInt64>.byteCount(of: words)
    }
    return bytes
  }

  private mutating func growSlotsIfNeeded() {
    guard let size = nextSlotCount else { return }
    slots = Slab(repeating: 0, count: size)
    usedSlots = 0
    for place in 0..<highestFlow where records[FlowHandle(place)].isAlive {
      insertSlot(records[FlowHandle(place)].hash, FlowHandle(place))
    }
  }

  private static func masked(_ key: FlowKey, _ mask: FlowKey) -> FlowKey {
    var result = FlowKey()
    for word in 0..<FlowKey.wordCount { result.words[word] = key.words[word] & mask.words[word] }
    return result
  }

  private static func segments(of key: FlowKey) -> UInt16 {
    var bits = KeySegment.base.bit
    for segment in 1..<KeySegment.count {
      var any: UInt64 = 0
      for word in KeySegment.words(ofSegment: segment) { any |= key.words[word] }
      if any != 0 { bits |= 1 << UInt16(segment) }
    }
    return bits
  }

  private static func hash(_ masked: FlowKey, group: MaskHandle, _ hash: borrowing KeyHash) -> UInt64 {
    var sum = UInt64(group.index + 1)
    for word in 0..<FlowKey.wordCount { sum &+= hash.part(masked.words[word], word) }
    return KeyHash.finish(sum)
  }
}

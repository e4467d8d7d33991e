// Which port of the datapath a packet comes in by, and where a packet for a port of the datapath goes. Each processor
// has a map of its own, changed under that processor's lock, so that a packet needs no other lock.

/// Where packets for a port of the datapath go.
struct Destination: Equatable, Sendable, BitwiseCopyable {
  /// The virtual switch.
  var switchID = SwitchID(rawValue: 0)
  /// The port of it.
  var port = SwitchPortID(rawValue: 0)
  /// The connected adapters among which a packet's own is chosen, a bit for each index.
  var adapters: UInt64 = 0
  /// Whether what comes from there has the receive kind of out-of-band information.
  var isExternal = false

  /// The adapter for a packet: always the same for the same hash.
  @inline(__always)
  func adapter(hash: UInt32) -> SwitchNICIndex {
    let count = UInt32(truncatingIfNeeded: adapters.nonzeroBitCount)
    var rest = adapters
    if count > 1 {
      var skipped = hash % count
      while skipped > 0 {
        rest &= rest &- 1
        skipped &-= 1
      }
    }
    return SwitchNICIndex(rawValue: UInt16(truncatingIfNeeded: rest.trailingZeroBitCount))
  }
}

/// The adapter that packets of a port of the datapath come from.
struct Source: Equatable, Sendable, BitwiseCopyable {
  /// The adapter; port 0 stands for the switch's own trusted source.
  var adapter = AdapterKey(SwitchID(rawValue: 0), .trusted, .only)
  /// Whether what comes from there has the receive kind of out-of-band information.
  var isExternal = false
}

/// A change of the map.
enum PortMapChange: Equatable, Sendable {
  /// Packets of an adapter come in by a port, or by none.
  case arrival(AdapterKey, UInt32?, isExternal: Bool)
  /// Packets for a port go somewhere, or nowhere.
  case destination(UInt32, Destination?)
}

/// One processor's map between the adapters of virtual switches and the ports of the datapath.
final class PortMap {
  private var keys: [UInt64] = Array(repeating: PortMap.vacant, count: 64)
  private var numbers: [UInt32] = Array(repeating: 0, count: 64)
  private var usedCount = 0
  private var destinations: [Destination] = []
  private var sources: [Source] = []

  private static var vacant: UInt64 { .max }

  /// The port that packets of an adapter come in by, or 0 for none; the datapath's port 0 is its own.
  @inline(__always)
  func port(of adapter: AdapterKey) -> UInt32 {
    let key = adapter.packed
    let mask = keys.count &- 1
    var place = PortMap.hash(key) & mask
    while keys[place] != PortMap.vacant {
      if keys[place] == key { return numbers[place] }
      place = (place &+ 1) & mask
    }
    return 0
  }

  /// Where packets for a port go; a place without adapters if nowhere.
  @inline(__always)
  func destination(of port: UInt32) -> Destination {
    let index = Int(truncatingIfNeeded: port)
    return index < destinations.count ? destinations[index] : Destination()
  }

  /// Where packets of a port come from; if from several adapters, one of them.
  @inline(__always)
  func source(of port: UInt32) -> Source {
    let index = Int(truncatingIfNeeded: port)
    return index < sources.count ? sources[index] : Source()
  }

  @inline(__always)
  private static func hash(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 33)
  }

  func apply(_ change: PortMapChange) {
    switch change {
    case .arrival(let adapter, let number, let isExternal):
      set(adapter.packed, number)
      for place in sources.indices where sources[place].adapter == adapter {
        sources[place] = remainingSource(of: UInt32(place), isExternal: sources[place].isExternal)
      }
      guard let number, number <= 0xffff else { return }
      while sources.count <= Int(number) { sources.append(Source()) }
      sources[Int(number)] = Source(adapter: adapter, isExternal: isExternal)
    case .destination(let number, let destination):
      guard number <= 0xffff else { return }
      if destination != nil {
        while destinations.count <= Int(number) { destinations.append(Destination()) }
      }
      if Int(number) < destinations.count { destinations[Int(number)] = destination ?? Destination() }
    }
  }

  /// Another adapter of a port that several come in by.
  private func remainingSource(of number: UInt32, isExternal: Bool) -> Source {
    for place in keys.indices where keys[place] != PortMap.vacant && numbers[place] == number {
      return Source(adapter: AdapterKey(packed: keys[place]), isExternal: isExternal)
    }
    return Source()
  }

  private func set(_ key: UInt64, _ number: UInt32?) {
    let mask = keys.count - 1
    var place = PortMap.hash(key) & mask
    while keys[place] != PortMap.vacant, keys[place] != key { place = (place + 1) & mask }
    if let number {
      if keys[place] == PortMap.vacant { usedCount += 1 }
      keys[place] = key
      numbers[place] = number
      if usedCount * 2 > keys.count { rebuild(keys.count * 2) }
    } else if keys[place] == key {
      keys[place] = PortMap.vacant
      usedCount -= 1
      rebuild(keys.count)
    }
  }

  private func rebuild(_ count: Int) {
    let oldKeys = keys
    let oldNumbers = numbers
    keys = Array(repeating: PortMap.vacant, count: count)
    numbers = Array(repeating: 0, count: count)
    for index in oldKeys.indices where oldKeys[index] != PortMap.vacant {
      var place = PortMap.hash(oldKeys[index]) & (count - 1)
      while keys[place] != PortMap.vacant { place = (place + 1) & (count - 1) }
      keys[place] = oldKeys[index]
      numbers[place] = oldNumbers[index]
    }
  }
}

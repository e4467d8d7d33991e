// The packet path between NDIS and an engine. A packet's bytes are copied once on the way in, from wherever they lie into
// the engine's memory, before anything looks at them: a machine may change its own memory at any time. On the way out a
// packet that leaves as it came needs no copy: its original goes on, if what was looked at cannot have changed since.

public import Datapath
import PacketWire

/// What one processor counts, what it has seen of its engine's counters, and whose packets are in its batch.
final class TrafficTally {
  var counters = TrafficCounters()
  var drops: [UInt64] = Array(repeating: 0, count: DropReason.allCases.count)
  var arrivals: [ArrivedPacket] = Array(repeating: ArrivedPacket(), count: Engine.batchCapacity)
}

/// A packet of a batch, as far as its original can go on.
struct ArrivedPacket: BitwiseCopyable {
  var adapter = AdapterKey(SwitchID(rawValue: 0), .trusted, .only)
  /// How many of its first bytes stay as they were read; zero if the original cannot go on.
  var lastingByteCount = 0
}

/// What became of a packet that arrived.
public enum Arrival: Equatable, Sendable {
  /// It is part of the batch, at this place.
  case accepted(Int)
  /// It was dropped and counted.
  case dropped(DropReason)
  /// Its adapter is no port of the datapath; it was dropped and counted.
  case unbound
  /// The batch is full: process and send, then hand it in again.
  case full
}

/// A packet on its way out.
@safe
public struct DepartingPacket {
  /// Its bytes, valid for the call.
  public let bytes: UnsafeRawBufferPointer
  /// How it leaves.
  public let departure: Departure
  /// The adapter that it goes to.
  public let destination: AdapterKey
  /// The adapter that it comes from, or the switch's trusted source.
  public let source: AdapterKey
  /// The same for packets of one call to `depart` that have the same bytes.
  public let place: Int
  /// What the place does not say: the same bytes may leave with other things left to do.
  public let kind: OutOfBandKind
  /// Which packet of the batch it was, or is a copy or part of; `nil` if the daemon gave it.
  public let row: Int?
  /// Whether the packet of the batch goes on itself, with everything beside its bytes; `bytes` and `departure` do not
  /// matter then.
  public let isOriginal: Bool
}

extension ForwardingExtension {
  /// Adds a packet to a pipeline's batch.
  ///
  /// - Parameters:
  ///   - adapter: Where it comes from.
  ///   - kind: What its out-of-band information means.
  ///   - lastingByteCount: How many of its first bytes nobody changes while the packet is in the switch; zero if it cannot
  ///     go on itself, whatever is in it.
  ///   - write: Writes the whole packet into the memory that it is given; `false` if the packet cannot be read.
  @unsafe
  public func arrive(
    on index: Int, from adapter: AdapterKey, _ information: OutOfBand, _ kind: OutOfBandKind,
    byteCount: Int, lastingByteCount: Int, write: (UnsafeMutableRawBufferPointer) -> Bool
  ) -> Arrival {
    let port = maps[index].port(of: adapter)
    guard port != 0 else {
      tallies[index].counters.unboundArrivals &+= 1
      return .unbound
    }
    let place = pipelines.engines.batchCount(on: index)
    let reception = unsafe pipelines.engines.receive(
      byteCount: byteCount, from: DatapathPortNumber(port), tag: information.tagInPacket, on: index
    ) { memory in
      guard unsafe write(memory) else { return nil }
      // SAFETY: the memory is the packet's alone during this call.
      var packet = unsafe MutableRawSpan(_unsafeBytes: memory)
      return Admission.admit(&packet, information, kind)
    }
    switch reception {
    case .accepted:
      // A tag that stands beside the bytes is before the headers in the engine.
      let lasting = lastingByteCount == 0 || information.tagInPacket == 0 ? 0 : 4
      tallies[index].arrivals[place] = ArrivedPacket(
        adapter: adapter, lastingByteCount: lastingByteCount &+ lasting)
      return .accepted(place)
    case .dropped: return .dropped(pipelines.engines.lastDropReason(on: index))
    case .full:
      guard place == 0 else { return .full }
      pipelines.engines.countUnreceived(from: DatapathPortNumber(port), on: index)
      return .dropped(.noBuffer)
    }
  }

  /// Takes a pipeline's batch through the engine; returns a bit for each packet of it that went to a port or to the
  /// daemon.
  public func process(on index: Int, nowMilliseconds: UInt64) -> UInt32 {
    pipelines.engines.process(nowMilliseconds: nowMilliseconds, on: index)
    return pipelines.engines.delivered(on: index)
  }

  /// Why packets were dropped since this was last asked: the reason, if there was only one.
  public func dropReason(on index: Int) -> DropReason? {
    var found: DropReason?
    var count = 0
    for reason in DropReason.allCases {
      let value = pipelines.engines.dropCount(reason, on: index)
      if value != tallies[index].drops[reason.rawValue] {
        tallies[index].drops[reason.rawValue] = value
        found = reason
        count += 1
      }
    }
    return count == 1 ? found : nil
  }

  /// Hands out everything that a pipeline has to send.
  ///
  /// - Parameter send: Takes one packet; `false` if that fails, which is counted.
  /// - Returns: A bit for each packet of the batch of which something could not be sent.
  public func depart(on index: Int, send: (DepartingPacket) -> Bool) -> UInt32 {
    let engines = pipelines.engines
    let map = maps[index]
    var failedRows: UInt32 = 0
    func fail(_ packet: OutputPacket) {
      if let row = packet.row { failedRows |= 1 &<< UInt32(truncatingIfNeeded: row) }
    }
    while let output = engines.nextOutput(on: index) {
      let destination = map.destination(of: output.port.rawValue)
      var sentCount = 0
      var next = engines.first(of: output, on: index)
      while let packet = next {
        next = engines.next(after: packet, on: index)
        // SAFETY: the bytes stay until `finishOutput`.
        let bytes = unsafe engines.pointer(of: packet, on: index)
        guard destination.adapters != 0 else {
          tallies[index].counters.unreachableDepartures &+= 1
          fail(packet)
          continue
        }
        let source = map.source(of: packet.portIn.rawValue)
        let isSameSwitch =
          source.adapter.port != .trusted && source.adapter.switchID == destination.switchID
        let kind: OutOfBandKind = isSameSwitch && source.isExternal ? .receive : .send
        let span = unsafe RawSpan(_unsafeBytes: bytes)
        let isOriginal = goesOn(packet, span, to: destination.switchID, on: index)
        guard let departure = isOriginal ? Departure() : Departure(span, packet.offload, kind) else {
          tallies[index].counters.failedDepartures &+= 1
          fail(packet)
          continue
        }
        let adapter =
          destination.adapters.nonzeroBitCount == 1
          ? destination.adapter(hash: 0) : destination.adapter(hash: ForwardingExtension.hash(span))
        let departing = unsafe DepartingPacket(
          bytes: bytes, departure: departure,
          destination: AdapterKey(destination.switchID, destination.port, adapter),
          source: isSameSwitch ? source.adapter : AdapterKey(destination.switchID, .trusted, .only),
          place: packet.place, kind: kind, row: packet.row, isOriginal: isOriginal)
        if send(departing) {
          sentCount += 1
          tallies[index].counters.departures &+= 1
          if isOriginal { tallies[index].counters.originals &+= 1 }
        } else {
          tallies[index].counters.failedDepartures &+= 1
          fail(packet)
        }
      }
      engines.finishOutput(output, sent: sentCount, on: index)
    }
    return failedRows
  }

  /// Whether a packet can leave as the original that it was received as: by the same switch, with the same bytes, and with
  /// every byte that decided about it where nobody can have changed it in the meantime.
  private func goesOn(_ packet: OutputPacket, _ bytes: RawSpan, to switchID: SwitchID, on index: Int) -> Bool {
    guard let row = packet.untouchedRow else { return false }
    let arrived = tallies[index].arrivals[row]
    guard arrived.lastingByteCount != 0, arrived.adapter.switchID == switchID else { return false }
    if arrived.lastingByteCount >= bytes.byteCount { return true }
    guard let places = HeaderPlaces(bytes) else { return false }
    return places.transport &+ (places.proto == 6 ? 20 : 8) <= arrived.lastingByteCount
  }

  /// Notes that lists which a pipeline had made for departing packets could not be sent after all.
  public func countFailedDepartures(_ count: UInt64, on index: Int) {
    tallies[index].counters.failedDepartures &+= count
    tallies[index].counters.departures &-= count
  }

  /// A number that is the same for all packets of a conversation between two addresses.
  private static func hash(_ packet: RawSpan) -> UInt32 {
    var value = packet.bigEndian64(at: 0) &* 0x9e37_79b9_7f4a_7c15
    value ^= UInt64(packet.bigEndian32(at: 8)) &* 0xc2b2_ae3d_27d4_eb4f
    if packet.byteCount >= 38, packet.bigEndian16(at: 12) == 0x0800 {
      value ^= packet.bigEndian64(at: 26) &* 0x1656_67b1_9e37_79f9
    } else if packet.byteCount >= 54, packet.bigEndian16(at: 12) == 0x86dd {
      value ^= packet.bigEndian64(at: 30) &* 0x1656_67b1_9e37_79f9
      value ^= packet.bigEndian64(at: 46) &* 0x27d4_eb2f_1656_67c5
    }
    return UInt32(truncatingIfNeeded: value >> 32)
  }
}

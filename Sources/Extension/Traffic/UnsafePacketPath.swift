// The packet path between NDIS and an engine. A packet's bytes are copied once on the way in, from wherever they lie into
// the engine's memory, before anything looks at them: a machine may change its own memory at any time. On the way out a
// packet that leaves as it came needs no copy: its original goes on, if what was looked at cannot have changed since.

public import Datapath
import PacketWire

/// The packets of a processor's batch, by their place in it.
final class ArrivedBatch {
  var packets: [ArrivedPacket] = Array(repeating: ArrivedPacket(), count: Engine.batchCapacity)
}

/// A packet of a batch, as it was before the engine had it.
struct ArrivedPacket: BitwiseCopyable {
  var adapter = AdapterKey(SwitchID(rawValue: 0), .trusted, .only)
  var kind = OutOfBandKind.send
  /// How many of its first bytes stay as they were read; zero if the original cannot go on.
  var lastingByteCount = 0
  /// The physical adapters that the original goes on to, a bit for each index.
  var uplinks: UInt64 = 0
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
      engines.countDrops(1, .unboundAdapter, row: nil, on: index)
      return .unbound
    }
    let place = engines.batchCount(on: index)
    let reception = unsafe engines.receive(
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
      batches[index].packets[place] = ArrivedPacket(
        adapter: adapter, kind: kind, lastingByteCount: lastingByteCount &+ lasting)
      return .accepted(place)
    case .dropped: return .dropped(engines.lastDropReason(on: index))
    case .full:
      guard place == 0 else { return .full }
      // Everything that had been processed was sent, so that waiting for a buffer would not help.
      engines.countDrops(1, .noBuffer, row: nil, on: index)
      return .dropped(.noBuffer)
    }
  }

  /// Takes a pipeline's batch through the engine; returns a bit for each packet of it that went to a port or to the
  /// daemon.
  public func process(on index: Int, nowMilliseconds: UInt64) -> UInt32 {
    engines.process(nowMilliseconds: nowMilliseconds, on: index)
    return engines.delivered(on: index)
  }

  /// Why a packet of the last batch was dropped, by its place in it.
  public func dropReason(ofRow row: Int, on index: Int) -> DropReason {
    engines.dropReason(ofRow: row, on: index)
  }

  /// Hands out everything that a pipeline has to send.
  ///
  /// - Parameter send: Takes one packet, or says why it cannot; that is counted.
  /// - Returns: A bit for each packet of the batch of which something could not be sent.
  public func depart(on index: Int, send: (DepartingPacket) -> DropReason?) -> UInt32 {
    var failedRows: UInt32 = 0
    while let output = engines.nextOutput(on: index) {
      let destination = maps[index].destination(of: output.port.rawValue)
      var originals: UInt32 = 0
      var sentCount = 0
      var next = engines.first(of: output, on: index)
      while let packet = next {
        next = engines.next(after: packet, on: index)
        let failure = unsafe depart(packet, to: destination, &originals, on: index, send: send)
        if let failure {
          engines.countDrops(1, failure, row: packet.row, on: index)
          if let row = packet.row { failedRows |= 1 &<< UInt32(truncatingIfNeeded: row) }
        } else {
          sentCount += 1
        }
      }
      engines.finishOutput(output, sent: sentCount, on: index)
    }
    return failedRows
  }

  /// Hands out one packet; returns why it could not be sent.
  ///
  /// - Parameter originals: A bit for each packet of the batch that goes on itself to this destination.
  @unsafe
  @inline(__always)
  private func depart(
    _ packet: OutputPacket, to destination: Destination, _ originals: inout UInt32, on index: Int,
    send: (DepartingPacket) -> DropReason?
  ) -> DropReason? {
    // It was queued just before the last adapter went.
    guard destination.adapters != 0 else { return .noAdapter }
    // SAFETY: the bytes stay until `finishOutput`.
    let bytes = unsafe engines.pointer(of: packet, on: index)
    let span = unsafe RawSpan(_unsafeBytes: bytes)
    let source = source(of: packet, to: destination.switchID, on: index)
    let adapter =
      destination.adapters.nonzeroBitCount == 1
      ? destination.adapter(hash: 0) : destination.adapter(hash: ForwardingExtension.hash(span))
    var isOriginal = goesOn(packet, span, to: destination.switchID, on: index)
    if isOriginal, let row = packet.row {
      // An adapter is a list's destination once; who is to get a packet twice gets a copy besides. A port may be named twice,
      // and a physical adapter may be behind two ports.
      let bit: UInt32 = 1 &<< UInt32(truncatingIfNeeded: row)
      let uplink: UInt64 = adapter.rawValue == 0 ? 0 : 1 << UInt64(adapter.rawValue)
      isOriginal = originals & bit == 0 && batches[index].packets[row].uplinks & uplink == 0
      originals |= bit
      batches[index].packets[row].uplinks |= uplink
    }
    guard let departure = isOriginal ? Departure() : Departure(span, packet.offload, source.kind) else {
      return .segmentationFailed
    }
    return send(
      unsafe DepartingPacket(
        bytes: bytes, departure: departure,
        destination: AdapterKey(destination.switchID, destination.port, adapter), source: source.adapter,
        place: packet.place, kind: source.kind, row: packet.row, isOriginal: isOriginal))
  }

  /// Who a packet comes from, as the switch is told: the adapter that brought it, if that is one of the same switch.
  ///
  /// What the switch itself encapsulated is its own, so that no rule for a machine's addresses applies to the headers outside.
  @inline(__always)
  private func source(of packet: OutputPacket, to switchID: SwitchID, on index: Int)
    -> (adapter: AdapterKey, kind: OutOfBandKind)
  {
    let trusted = (AdapterKey(switchID, .trusted, .only), OutOfBandKind.send)
    if packet.isEncapsulated { return trusted }
    if let row = packet.row {
      let arrived = batches[index].packets[row]
      return arrived.adapter.switchID == switchID ? (arrived.adapter, arrived.kind) : trusted
    }
    let source = maps[index].source(of: packet.portIn.rawValue)
    guard source.adapter.port != .trusted, source.adapter.switchID == switchID else { return trusted }
    return (source.adapter, source.isExternal ? .receive : .send)
  }

  /// Whether a packet can leave as the original that it was received as: by the same switch, with the same bytes, and with
  /// every byte that decided about it where nobody can have changed it in the meantime.
  private func goesOn(_ packet: OutputPacket, _ bytes: RawSpan, to switchID: SwitchID, on index: Int) -> Bool
  {
    guard packet.isUntouched, let row = packet.row else { return false }
    let arrived = batches[index].packets[row]
    guard arrived.lastingByteCount != 0, arrived.adapter.switchID == switchID else { return false }
    if arrived.lastingByteCount >= bytes.byteCount { return true }
    guard let places = HeaderPlaces(bytes) else { return false }
    return places.transport &+ (places.proto == 6 ? 20 : 8) <= arrived.lastingByteCount
  }

  /// Notes that packets which had departed could not be sent after all.
  public func countUnsent(_ count: UInt64, row: Int?, on index: Int) {
    engines.countDrops(count, .notSent, row: row, on: index)
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

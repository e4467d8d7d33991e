// A packet reaches its port out. What its sender left undone is done here, and only if the port cannot do it.

extension Engine {
  /// Queues a packet for a port; the caller's share of its slot goes with it.
  @inline(__always)
  mutating func output(_ packet: PacketState, to number: UInt32) {
    let index = ports.index(number)
    guard !index.isNone else {
      count(.unknownPortOut)
      pool.release(packet.slot)
      return
    }
    if packet.cut != 0xffff_ffff || packet.offload.needsChecksum || !ports.records[index].isOpen {
      outputWithCare(packet, index)
      return
    }
    enqueue(packet, index)
  }

  @inline(__always)
  mutating func enqueue(_ packet: PacketState, _ index: PortHandle) {
    var entry = OutputEntry()
    entry.slot = packet.slot
    entry.start = packet.start
    entry.count = Int32(truncatingIfNeeded: packet.count)
    entry.inPort = UInt16(clamping: arrivals[Int(packet.origin)])
    entry.row = packet.origin
    entry.traits = packet.traits
    entry.offload = packet.offload
    guard outputs.append(entry, port: index, &ports) else {
      count(.outputQueueFull)
      ports.records[index].sentDropped &+= 1
      pool.release(packet.slot)
      return
    }
    deliveredPackets |= 1 &<< UInt32(packet.origin)
  }

  @inline(never)
  private mutating func outputWithCare(_ packet: PacketState, _ index: PortHandle) {
    var packet = packet
    // A tunnel port has no wire of its own; the translator pushes a header and names the port beneath.
    guard ports.records[index].tunnel == nil else {
      count(.unknownPortOut)
      pool.release(packet.slot)
      return
    }
    guard ports.records[index].hasAdapter else {
      count(.noAdapter)
      ports.records[index].sentDropped &+= 1
      pool.release(packet.slot)
      return
    }
    if packet.cut != 0xffff_ffff && Int(packet.cut) < packet.count {
      packet.count = max(14, Int(packet.cut))
      packet.offload = Offload()
      packet.traits.remove(.untouched)
    }
    let capabilities = ports.records[index].capabilities
    guard packet.offload.needsChecksum else {
      enqueue(packet, index)
      return
    }
    let needed: OffloadCapabilities =
      switch packet.offload.segmentation {
      case .none: .checksum
      case .tcp4: .tcp4
      case .tcp6: .tcp6
      default: .udp
      }
    let carriesTunnel = packet.offload.tunnelByteCount == 0 || capabilities.contains(.tunnel)
    if capabilities.contains(needed) && carriesTunnel {
      setHeaderLength(&packet)
      enqueue(packet, index)
    } else if packet.offload.segmentation == .none {
      guard makeWritable(&packet) else {
        pool.release(packet.slot)
        return
      }
      if pool.completeChecksum(packet.start, packet.count, packet.offload) {
        packet.offload = Offload()
        enqueue(packet, index)
      } else {
        count(.invalidOffload)
        pool.release(packet.slot)
      }
    } else {
      segment(packet, to: index)
    }
  }

  /// Says how long the headers are that each segment repeats; senders are known to say it wrongly.
  private func setHeaderLength(_ packet: inout PacketState) {
    let transport = Int(packet.offload.checksumStart)
    var length = transport &+ 8
    if packet.offload.segmentation == .tcp4 || packet.offload.segmentation == .tcp6 {
      guard packet.count >= transport &+ 20 else { return }
      length = transport &+ Int(pool.load8(packet.start &+ transport &+ 12) >> 4) &* 4
    }
    packet.offload.headerByteCount = UInt16(truncatingIfNeeded: min(packet.count, length))
  }
}

// MARK: - The worker's side

/// A place in a port's output queue.
public struct OutputPacket: Sendable {
  let start: Int
  let inPort: UInt16
  fileprivate let batchRow: UInt8
  fileprivate let traits: PacketTraits
  /// How many bytes the packet has.
  public let count: Int
  /// What is left for the port to do.
  public let offload: Offload
  let next: OutputHandle

  /// The port that the packet came in by; beneath its tunnel, if it came out of one.
  public var portIn: DatapathPortNumber { DatapathPortNumber(UInt32(inPort)) }
  /// Which packet of the batch it was, or is a copy or part of; `nil` if the daemon gave it.
  public var row: Int? { traits.contains(.received) ? Int(batchRow) : nil }
  /// Whether it leaves with the very bytes that came in.
  public var isUntouched: Bool { traits.contains(.untouched) }
  /// Whether the switch put tunnel headers before it, so that it is the switch's own packet rather than its sender's.
  public var isEncapsulated: Bool { traits.contains(.encapsulated) }
  /// Where its bytes are in the engine: outputs of one packet that share their bytes share this too.
  public var place: Int { start }
}

/// A port that has packets to send.
public struct PortOutput: Sendable {
  let index: PortHandle
  /// The port's number.
  public let port: DatapathPortNumber
  /// How many packets it has to send.
  public let count: Int
  let head: OutputHandle
}

extension Engine {
  /// A port that has packets to send, or `nil` when there is none.
  #if !DEBUG  // The proof needs the whole module in view.
    @_noLocks @_noAllocation
  #endif
  public func nextOutput() -> PortOutput? {
    guard outputs.activeCount > 0 else { return nil }
    let index = outputs.active[outputs.activeCount &- 1]
    let record = ports.records[index]
    return PortOutput(
      index: index, port: DatapathPortNumber(record.number), count: Int(record.queued), head: record.head)
  }

  /// The first packet of a port's queue.
  #if !DEBUG  // The proof needs the whole module in view.
    @_noLocks @_noAllocation
  #endif
  public func first(of output: PortOutput) -> OutputPacket? { packet(output.head) }

  /// The packet behind another of the same queue.
  #if !DEBUG  // The proof needs the whole module in view.
    @_noLocks @_noAllocation
  #endif
  public func next(after packet: OutputPacket) -> OutputPacket? { self.packet(packet.next) }

  @inline(__always)
  private func packet(_ place: OutputHandle) -> OutputPacket? {
    guard !place.isNone else { return nil }
    let entry = outputs.entries[place]
    return OutputPacket(
      start: entry.start, inPort: entry.inPort, batchRow: entry.row, traits: entry.traits,
      count: Int(entry.count), offload: entry.offload, next: entry.next)
  }

  /// A packet's bytes.
  @_lifetime(borrow self)
  public func bytes(of packet: OutputPacket) -> RawSpan { pool.span(packet.start, packet.count) }

  /// Where a packet's bytes are until `finishOutput(_:sent:)`, for system calls.
  @unsafe
  public func pointer(of packet: OutputPacket) -> UnsafeRawBufferPointer {
    unsafe pool.pointer(packet.start, packet.count)
  }

  /// Counts the first `sent` packets of a port's queue as sent, the others as dropped, and gives all up.
  #if !DEBUG  // The proof needs the whole module in view.
    @_noLocks @_noAllocation
  #endif
  public mutating func finishOutput(_ output: PortOutput, sent: Int) {
    guard outputs.activeCount > 0, outputs.active[outputs.activeCount &- 1] == output.index else {
      return
    }
    outputs.activeCount &-= 1
    outputs.clear(output.index, sent: sent < 0 ? 0 : sent, &ports, &pool)
  }
}

// The driver's Swift as C calls it: fixed-width integers and pointers, nothing else, and no decision.

import Datapath
import Extension
import PacketWire

/// The extension behind a pointer that `ExtensionCreate` gave.
@inline(__always)
private func forwarding(_ pointer: UnsafeRawPointer) -> ForwardingExtension {
  // SAFETY: the object lives until ExtensionDestroy.
  unsafe Unmanaged<ForwardingExtension>.fromOpaque(pointer).takeUnretainedValue()
}

private func configuration(seed: UInt64) -> EngineConfiguration {
  var configuration = EngineConfiguration()
  configuration.seed = seed
  // The number that daemons expect without having asked.
  configuration.datapathIndex = 0
  // Each processor has slots of its own, so that a host with many of them needs fewer a processor.
  configuration.smallSlotCount = 1_024
  configuration.largeSlotCount = 48
  configuration.maximumOutputCount = 4_096
  configuration.maximumFlowCount = 200_000
  configuration.maximumCacheSetCount = 1 << 15
  // Packets have the stack that their sender leaves.
  configuration.maximumActionDepth = 5
  return configuration
}

@c
func ExtensionCreate(_ pipelineCount: UInt32, _ seed: UInt64) -> UnsafeMutableRawPointer? {
  // Memory for everything that is made here; what is made later is asked for by whoever makes it.
  guard KernelHeapRoom() >= UInt64(pipelineCount) * UInt64(ENGINE_START_BYTES) else { return nil }
  let locks = EngineLocks(
    acquire: { PipelineAcquire(UInt32(truncatingIfNeeded: $0)) },
    release: { PipelineRelease(UInt32(truncatingIfNeeded: $0)) })
  let controlLock = ControlLock(acquire: { ControlEnter() }, release: { ControlLeave() })
  let forwarding = ForwardingExtension(
    count: Int(pipelineCount), configuration(seed: seed), locks: locks, controlLock: controlLock)
  forwarding.device.hasMemory = { UInt64(truncatingIfNeeded: $0) < KernelHeapRoom() }
  forwarding.device.systemHasMemory = { KernelHeapTry(UInt64(truncatingIfNeeded: $0)) != 0 }
  return unsafe Unmanaged.passRetained(forwarding).toOpaque()
}

@c
func ExtensionDestroy(_ pointer: UnsafeMutableRawPointer) {
  // SAFETY: this gives back what ExtensionCreate kept.
  unsafe Unmanaged<ForwardingExtension>.fromOpaque(pointer).release()
}

// MARK: Switches

/// Notes an event, and says what it came to.
private func perform(_ event: SwitchEvent, _ pointer: UnsafeRawPointer) -> UInt32 {
  guard let refusal = unsafe forwarding(pointer).perform(event) else { return 0 }
  return event.mayBeVetoed && refusal.isVeto ? 2 : 1
}

/// UTF-8 from UTF-16, with a question mark for what is not a character.
private func text(_ units: UnsafePointer<UInt16>?, _ byteCount: UInt32) -> [UInt8] {
  guard let units else { return [] }
  let count = min(Int(byteCount / 2), 256)
  var result: [UInt8] = []
  var index = 0
  while index < count {
    var value = UInt32(units[index])
    index += 1
    if value == 0 { break }
    if value & 0xf800 == 0xd800 {
      if value < 0xdc00, index < count, units[index] & 0xfc00 == 0xdc00 {
        value = 0x10000 + (value & 0x3ff) << 10 + UInt32(units[index]) & 0x3ff
        index += 1
      } else {
        value = 0x3f
      }
    }
    switch value {
    case 0..<0x80: result.append(UInt8(value))
    case 0x80..<0x800:
      result.append(UInt8(0xc0 | value >> 6))
      result.append(UInt8(0x80 | value & 0x3f))
    case 0x800..<0x10000:
      result.append(UInt8(0xe0 | value >> 12))
      result.append(UInt8(0x80 | value >> 6 & 0x3f))
      result.append(UInt8(0x80 | value & 0x3f))
    default:
      result.append(UInt8(0xf0 | value >> 18 & 7))
      result.append(UInt8(0x80 | value >> 12 & 0x3f))
      result.append(UInt8(0x80 | value >> 6 & 0x3f))
      result.append(UInt8(0x80 | value & 0x3f))
    }
  }
  return result
}

@c
func ExtensionAttach(_ pointer: UnsafeMutableRawPointer, _ switchID: UInt32) -> UInt32 {
  perform(.attach(SwitchID(rawValue: switchID)), pointer)
}

@c
func ExtensionDetach(_ pointer: UnsafeMutableRawPointer, _ switchID: UInt32) -> UInt32 {
  perform(.detach(SwitchID(rawValue: switchID)), pointer)
}

@c
func ExtensionPort(
  _ pointer: UnsafeMutableRawPointer, _ event: UInt32, _ port: UnsafePointer<BorderPort>
) -> UInt32 {
  let border = port.pointee
  let id = SwitchID(rawValue: border.switchID)
  let number = SwitchPortID(rawValue: border.port)
  let name = text(border.name, border.nameByteCount)
  let description = SwitchPort(kind: AdapterKind(portType: border.type), name: name)
  switch event {
  case 0: return perform(.createPort(id, number, description), pointer)
  case 1: return perform(.undoPort(id, number), pointer)
  case 2: return perform(.learnPort(id, number, description), pointer)
  case 4: return perform(.updatePort(id, number, name: name), pointer)
  case 7: return perform(.tearDownPort(id, number), pointer)
  case 8: return perform(.deletePort(id, number), pointer)
  default: return 1
  }
}

@inline(__always)
private func adapterKey(_ switchID: UInt32, _ port: UInt32, _ index: UInt32) -> AdapterKey {
  AdapterKey(
    SwitchID(rawValue: switchID), SwitchPortID(rawValue: port),
    SwitchNICIndex(rawValue: UInt16(truncatingIfNeeded: index)))
}

@c
func ExtensionAdapter(
  _ pointer: UnsafeMutableRawPointer, _ event: UInt32, _ adapter: UnsafePointer<BorderAdapter>
) -> UInt32 {
  let border = adapter.pointee
  let key = adapterKey(border.switchID, border.port, border.index)
  var description = SwitchAdapter(
    kind: AdapterKind(nicType: border.type), name: text(border.name, border.nameByteCount),
    alias: text(border.alias, border.aliasByteCount))
  description.address = border.address
  description.mtu = border.mtu
  switch event {
  case 0: return perform(.createAdapter(key, description), pointer)
  case 1: return perform(.undoAdapter(key), pointer)
  case 2: return perform(.learnAdapter(key, description, isConnected: false), pointer)
  case 3: return perform(.learnAdapter(key, description, isConnected: true), pointer)
  case 4: return perform(.updateAdapter(key, description), pointer)
  case 5: return perform(.connectAdapter(key), pointer)
  case 6: return perform(.disconnectAdapter(key), pointer)
  case 8: return perform(.deleteAdapter(key), pointer)
  default: return 1
  }
}

/// An adapter's index, or `nil` for the port itself.
private func adapterIndex(_ index: UInt32) -> SwitchNICIndex? {
  index == .max ? nil : SwitchNICIndex(rawValue: UInt16(truncatingIfNeeded: index))
}

@c
func ExtensionSetLearning(_ pointer: UnsafeMutableRawPointer, _ switchID: UInt32, _ begins: UInt32) {
  forwarding(pointer).setLearning(SwitchID(rawValue: switchID), begins != 0)
}

@c
func ExtensionNoteRequest(
  _ pointer: UnsafeMutableRawPointer, _ switchID: UInt32, _ port: UInt32, _ index: UInt32, _ fate: UInt32,
  _ isOver: UInt32
) {
  forwarding(pointer).noteRequest(
    SwitchID(rawValue: switchID), SwitchPortID(rawValue: port), adapterIndex(index),
    RequestFate(rawValue: UInt8(truncatingIfNeeded: fate)) ?? .unsaid, isOver: isOver != 0)
}

@c
func ExtensionBelieve(
  _ pointer: UnsafeMutableRawPointer, _ switchID: UInt32, _ port: UInt32, _ index: UInt32,
  _ isConnected: UInt32, _ isLast: UInt32
) -> UInt32 {
  let belief = forwarding(pointer).believe(
    SwitchID(rawValue: switchID), SwitchPortID(rawValue: port), adapterIndex(index),
    isConnected: isConnected != 0, isLast: isLast != 0)
  return UInt32(belief.rawValue)
}

@c
func ExtensionSave(
  _ pointer: UnsafeMutableRawPointer, _ switchID: UInt32, _ port: UInt32, _ index: UInt32,
  _ to: UnsafeMutablePointer<UInt8>, _ capacity: UInt32
) -> UInt32 {
  let key = adapterKey(switchID, port, index)
  guard let bytes = forwarding(pointer).save(key) else { return 0 }
  if bytes.count <= Int(capacity) {
    for index in bytes.indices { to[index] = bytes[index] }
  }
  return UInt32(bytes.count)
}

@c
func ExtensionRestore(
  _ pointer: UnsafeMutableRawPointer, _ switchID: UInt32, _ port: UInt32, _ index: UInt32,
  _ bytes: UnsafePointer<UInt8>, _ count: UInt32
) -> UInt32 {
  let key = adapterKey(switchID, port, index)
  let saved = Array(UnsafeBufferPointer(start: bytes, count: min(Int(count), 1_024)))
  return perform(.restoreAdapter(key, saved: saved), pointer)
}

// MARK: Upkeep

@c
func ExtensionMaintain(_ pointer: UnsafeMutableRawPointer) {
  forwarding(pointer).maintain()
}

@c
func ExtensionAnnounce(_ pointer: UnsafeMutableRawPointer) {
  forwarding(pointer).announce()
}

@c
func ExtensionDeliver(_ pointer: UnsafeMutableRawPointer, _ pipeline: UInt32) -> UInt32 {
  forwarding(pointer).deliverUpcalls(of: Int(pipeline)) ? 1 : 0
}

// MARK: Packets

@c
func ExtensionArrive(
  _ pointer: UnsafeMutableRawPointer, _ pipeline: UInt32, _ arrival: UnsafePointer<BorderArrival>,
  _ netBuffer: UnsafeMutableRawPointer
) -> UInt32 {
  let border = arrival.pointee
  let information = OutOfBand(
    checksum: border.checksum, largeSend: border.largeSend, largeDatagram: border.largeDatagram,
    coalesced: border.coalesced, tag: border.tag)
  let adapter = adapterKey(border.switchID, border.port, border.index)
  let result = forwarding(pointer).arrive(
    on: Int(pipeline), from: adapter, information, border.isReceiveKind != 0 ? .receive : .send,
    byteCount: Int(border.byteCount), lastingByteCount: Int(border.lastingByteCount)
  ) { memory in
    guard let base = memory.baseAddress else { return false }
    return PacketsRead(
      netBuffer, base.assumingMemoryBound(to: UInt8.self), UInt32(truncatingIfNeeded: memory.count)) != 0
  }
  switch result {
  case .accepted(let place): return UInt32(truncatingIfNeeded: place)
  case .dropped(let reason): return 0x100 | UInt32(truncatingIfNeeded: reason.rawValue)
  case .unbound: return 0x200 | UInt32(truncatingIfNeeded: DropReason.unboundAdapter.rawValue)
  case .full: return 0x400
  }
}

@c
func ExtensionProcess(_ pointer: UnsafeMutableRawPointer, _ pipeline: UInt32, _ milliseconds: UInt64)
  -> UInt32
{
  forwarding(pointer).process(on: Int(pipeline), nowMilliseconds: milliseconds)
}

@c
func ExtensionDropReason(_ pointer: UnsafeMutableRawPointer, _ pipeline: UInt32, _ row: UInt32) -> UInt32 {
  UInt32(truncatingIfNeeded: forwarding(pointer).dropReason(ofRow: Int(row), on: Int(pipeline)).rawValue)
}

@c
func ExtensionDepart(
  _ pointer: UnsafeMutableRawPointer, _ pipeline: UInt32, _ departures: UnsafeMutableRawPointer
) -> UInt32 {
  forwarding(pointer).depart(on: Int(pipeline)) { packet in
    guard let base = packet.bytes.baseAddress else { return .notSent }
    var border = BorderDeparture()
    border.bytes = base.assumingMemoryBound(to: UInt8.self)
    border.place = UInt64(truncatingIfNeeded: packet.place)
    border.byteCount = UInt32(truncatingIfNeeded: packet.bytes.count)
    border.switchID = packet.destination.switchID.rawValue
    border.port = packet.destination.port.rawValue
    border.index = UInt32(packet.destination.index.rawValue)
    border.sourcePort = packet.source.port.rawValue
    border.sourceIndex = UInt32(packet.source.index.rawValue)
    let information = packet.departure.information
    border.checksum = information.checksum
    border.largeSend = information.largeSend
    border.coalesced = information.coalesced
    border.tag = information.tag
    border.omitsTag = packet.departure.omitsTag ? 1 : 0
    border.patchOffset = packet.departure.patchOffset
    border.patchValue = packet.departure.patchValue
    border.row = packet.row.map { UInt32(truncatingIfNeeded: $0) } ?? .max
    border.isOriginal = packet.isOriginal ? 1 : 0
    switch PacketsDepart(departures, &border) {
    case 0: return nil
    case 1: return .inFlightLimit
    default: return .notSent
    }
  }
}

@c
func ExtensionCountUnsent(
  _ pointer: UnsafeMutableRawPointer, _ pipeline: UInt32, _ row: UInt32, _ count: UInt64
) {
  forwarding(pointer).countUnsent(count, row: row < 32 ? Int(row) : nil, on: Int(pipeline))
}

@c
func ExtensionHasUpcalls(_ pointer: UnsafeMutableRawPointer, _ pipeline: UInt32) -> UInt32 {
  forwarding(pointer).engines.hasUpcalls(on: Int(pipeline)) ? 1 : 0
}

// What comes up without being asked for: packets for the handle that a port or an action names, and events for those who
// joined their group. What finds no room is lost, and counted; nobody waits for anybody.

import Datapath

extension ControlDevice {
  /// Puts packets of the engines into the handles that their headers name.
  public func deliver(upcalls: [[UInt8]]) {
    for message in upcalls {
      let isDelivered = locked { deliver(message) }
      if !isDelivered { engines.countLostUpcalls(1) }
    }
  }

  private func deliver(_ message: [UInt8]) -> Bool {
    guard let handle = receiver(of: message) else {
      counters.count(.packetWithoutReceiver)
      return false
    }
    guard handle.packets.count < limits.maximumPacketCount,
      handle.packets.byteCount + message.count <= limits.maximumPacketByteCount,
      queuedByteCount + message.count <= limits.maximumQueuedByteCount
    else {
      counters.count(.packetQueueFull)
      return false
    }
    handle.packets.append(message)
    queuedByteCount += message.count
    wake(handle, .packet)
    return true
  }

  /// The handle that a packet is for: the one it names, or, for what an action sends up to nobody in particular, the
  /// oldest one that receives packets.
  private func receiver(of message: [UInt8]) -> OpenHandle? {
    guard message.count >= Self.headerByteCount else { return nil }
    let number = Self.word(message, at: 12)
    if number != 0 {
      guard let handle = handles[number], handle.subscription != .none else { return nil }
      return handle
    }
    guard message[16] == PacketMessage.Command.action.rawValue else { return nil }
    var oldest: OpenHandle?
    for handle in handles.values where handle.subscription != .none {
      if handle.processID < oldest?.processID ?? .max { oldest = handle }
    }
    return oldest
  }

  /// Tells those who joined the group of ports that a NIC came, went or changed.
  public func publish(networkPort name: [UInt8], isPresent: Bool) {
    var message = VportMessage()
    message.name = name
    publish(.vport(isPresent ? .set : .delete, message))
  }

  /// Puts an event into the handles that joined its group.
  func publish(_ body: NetlinkMessage.Body) {
    guard handles.values.contains(where: { $0.isInVportGroup }) else { return }
    let header = NetlinkHeader(flags: [], datapathIndex: engines.datapathIndex)
    let bytes = NetlinkMessage(header, body).encode()
    for handle in handles.values where handle.isInVportGroup {
      guard handle.events.count < limits.maximumEventCount,
        queuedByteCount + bytes.count <= limits.maximumQueuedByteCount
      else {
        counters.count(.eventQueueFull)
        continue
      }
      handle.events.append(bytes)
      queuedByteCount += bytes.count
      wake(handle, .event)
    }
  }
}

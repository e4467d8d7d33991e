// What: the driver's datapath, in place of one that runs in this process: the daemon's requests go to the device, and come
// back as if they had been answered here.
//
// How the two differ, and what is done about it: the driver's datapath is always there, so making it finds it, and
// takes away what a daemon before this one has left in it; its number is the driver's, another one stands in the daemon's
// messages; packets go to the handle that a port names, which the daemon does not know.

import Datapath
import PacketWire

/// The driver's datapath as the daemon sees it.
final class DriverDatapath {
  private let conversation: DriverConversation
  /// The number that the daemon knows the datapath by.
  let index: Int32
  /// The datapath's name.
  let name: [UInt8]
  private let driverIndex: Int32
  /// The handle to which packets are to come.
  private let receiver: UInt32

  /// Finds the datapath of a name, and empties it.
  ///
  /// - Returns: nil if the driver has none of that name.
  init?(
    named name: [UInt8], as index: Int32, over conversation: DriverConversation, receiver: UInt32
  ) throws(SystemError) {
    self.conversation = conversation
    self.index = index
    self.name = name
    self.receiver = receiver
    var question = DatapathMessage()
    question.name = name
    guard let found = try conversation.request(.datapath(.get, question)).first,
      case .datapath(_, let description) = found.body, description.name == name
    else { return nil }
    driverIndex = found.header.datapathIndex
    _ = try conversation.request(.datapath(.delete, question))
  }

  /// Carries out a request of the daemon; gives the messages that answer, one an element.
  func carryOut(_ request: [UInt8]) throws(SystemError) -> [[UInt8]] {
    let family = DatapathRouting.family(of: request)
    if family == .datapath || family == .vport { return try carryOutDecoded(request) }
    return try pass(request)
  }

  /// Makes a packet's message, or an event's, one of the datapath that the daemon knows.
  func received(_ message: [UInt8]) -> [UInt8] {
    guard message.count >= 24 else { return message }
    var message = message
    DriverConversation.store(UInt32(bitPattern: index), in: &message, at: 20)
    return message
  }

  private func pass(_ request: [UInt8]) throws(SystemError) -> [[UInt8]] {
    guard request.count >= 24 else { return [] }
    var request = request
    DriverConversation.store(UInt32(bitPattern: driverIndex), in: &request, at: 20)
    return try conversation.carryOut(request).map {
      received($0, unlessError: DatapathRouting.family(of: $0))
    }
  }

  /// Errors and ends of dumps have no number of a datapath.
  private func received(_ answer: [UInt8], unlessError family: MessageFamily?) -> [UInt8] {
    family == .error || family == .done ? answer : received(answer)
  }

  private func carryOutDecoded(_ request: [UInt8]) throws(SystemError) -> [[UInt8]] {
    guard let messages = try? NetlinkMessage.decode(request) else { return [] }
    var answers: [[UInt8]] = []
    for message in messages {
      var message = message
      switch message.body {
      case .datapath(.new, _):
        answers += try describe(message.header)
        continue
      case .datapath(let command, var request):
        request.name = name
        request.upcallProcessID = nil
        message.body = .datapath(command, request)
      case .vport(let command, var request):
        if request.upcallProcessIDs != nil { request.upcallProcessIDs = [receiver] }
        message.body = .vport(command, request)
      case .flow, .packet, .control, .networkDevice, .tracking, .meter, .error, .done: break
      }
      answers += try pass(message.encode())
    }
    return answers
  }

  /// The answer to who has made the datapath: it is there.
  private func describe(_ header: NetlinkHeader) throws(SystemError) -> [[UInt8]] {
    var question = DatapathMessage()
    question.name = name
    var asked = header
    asked.flags = [.request, .acknowledge]
    return try pass(NetlinkMessage(asked, .datapath(.get, question)).encode())
  }
}

extension NetworkDevice {
  /// What the driver says of a device; nil if that is too little.
  ///
  /// A bridge's own port that no NIC stands behind is no device: what it is to be like is the switch's to say.
  init?(_ message: NetworkDeviceMessage, place: Int) {
    guard let name = message.name, !name.isEmpty else { return nil }
    let address = MACAddress(message.ethernetAddress ?? 0)
    if address.isZero, message.type == .internal { return nil }
    self.init()
    self.name = String(decoding: name, as: UTF8.self)
    // The driver has no numbers for devices that are no ports; these are beyond all port numbers.
    index = message.number?.rawValue ?? UInt32(0x10000 + place)
    ethernetAddress = address
    if let count = message.maximumTransmissionUnit, count > 0 { maximumTransmissionUnit = Int(count) }
    let flags = message.flags ?? []
    isUp = flags.contains(.up)
    hasCarrier = flags.contains(.running)
    bitsPerSecond = message.bitsPerSecond.map { Int64(clamping: $0) }
    status = [(name: "driver_name", value: "OVSExt")]
  }
}

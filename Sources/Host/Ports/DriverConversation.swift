// What: one handle on the driver's device, and how messages go through it. Which system call brings bytes to the device is
// left open, so that all of this is tested with the extension's device itself behind it.
//
// How: a request that starts a dump is written and its answer read to the end; every other is a transaction. The device
// knows its handles by numbers, which are put into the headers of requests here. Its answers are one message: where an
// acknowledgement was asked for and something else came, it is added, as the daemon knows it from elsewhere.

import Datapath

/// The driver's device, or what stands for it.
protocol DriverDevice: AnyObject {
  /// Carries out a control request, and gives what came back.
  func control(
    _ code: DeviceControlCode, _ input: [UInt8], capacity: Int
  ) throws(SystemError) -> [UInt8]
}

/// One handle on the driver's device.
final class DriverConversation {
  // A closure and not the device: a program without reflection knows no conformance of another module's class.
  private let control: (DeviceControlCode, [UInt8], Int) throws(SystemError) -> [UInt8]
  /// The handle's number, its netlink port.
  let processID: UInt32
  /// The datapath that requests of the handle's own are for.
  var datapathIndex: Int32 = 0
  private var nextSequence: UInt32 = 1

  /// What an answer may have at most, in bytes.
  private static var answerByteCount: Int { 256 * 1024 }
  /// What one read of packets may give, in bytes.
  private static var packetsByteCount: Int { 128 * 1024 }
  /// Parts of a dump after which it is not believed any more.
  private static var maximumReadCount: Int { 1 << 20 }

  /// Asks an open device for the handle's number.
  init(_ device: some DriverDevice) throws(SystemError) {
    control = { (code, input, capacity) throws(SystemError) in
      try device.control(code, input, capacity: capacity)
    }
    let bytes = try control(.getProcessID, [], 4)
    guard bytes.count == 4 else { throw Syscalls.unsupported }
    processID = Self.word(bytes, at: 0)
  }

  // MARK: Requests

  /// Carries out a request of the handle's own.
  func request(_ body: NetlinkMessage.Body, _ flags: MessageFlags = .request) throws(SystemError)
    -> [NetlinkMessage]
  {
    let sequence = nextSequence
    nextSequence &+= 1
    let header = NetlinkHeader(
      flags: flags, sequence: sequence, processID: processID, datapathIndex: datapathIndex)
    let answers = try carryOut(NetlinkMessage(header, body).encode())
    var messages: [NetlinkMessage] = []
    for answer in answers { messages += (try? NetlinkMessage.decode(answer)) ?? [] }
    return messages
  }

  /// Carries out a request whose bytes are whole but for the handle's number; gives the messages that answer, one an element.
  func carryOut(_ request: [UInt8]) throws(SystemError) -> [[UInt8]] {
    guard request.count >= Self.headerByteCount else { return [] }
    var request = request
    Self.store(processID, in: &request, at: 12)
    let flags = MessageFlags(rawValue: UInt16(request[6]) | UInt16(request[7]) << 8)
    if flags.isSuperset(of: .dump) {
      _ = try control(.write, request, 0)
      return try readDump()
    }
    let bytes = try control(.transact, request, Self.answerByteCount)
    var answers = Self.split(bytes)
    if let first = answers.first, flags.contains(.acknowledge), DatapathRouting.family(of: first) != .error {
      answers.append(Self.acknowledgement(of: request))
    }
    return answers
  }

  private func readDump() throws(SystemError) -> [[UInt8]] {
    var answers: [[UInt8]] = []
    for _ in 0..<Self.maximumReadCount {
      let bytes = try control(.read, [], Self.answerByteCount)
      if bytes.isEmpty { break }
      answers += Self.split(bytes)
      if let last = answers.last, DatapathRouting.family(of: last) == .done { break }
    }
    return answers
  }

  /// Tells the device something about the handle.
  private func write(_ command: ControlCommand, _ message: ControlMessage) throws(SystemError) {
    _ = try control(.write, notice(command, message), 0)
  }

  /// The bytes of a message about the handle.
  func notice(_ command: ControlCommand, _ message: ControlMessage = ControlMessage()) -> [UInt8] {
    let sequence = nextSequence
    nextSequence &+= 1
    return NetlinkMessage(NetlinkHeader(sequence: sequence, processID: processID), .control(command, message))
      .encode()
  }

  // MARK: What comes unasked

  /// Has packets come to this handle, as many at each read as there is room for.
  func subscribePackets() throws(SystemError) {
    var message = ControlMessage()
    message.subscription = 2
    message.receiver = processID
    try write(.subscribePackets, message)
  }

  /// Has events of ports come to this handle.
  func joinPortGroup() throws(SystemError) {
    var message = ControlMessage()
    message.group = MulticastGroup.vport
    message.joins = 1
    try write(.joinGroup, message)
  }

  /// The packets, or the events, that wait; none if there are none.
  func read(_ code: DeviceControlCode) throws(SystemError) -> [[UInt8]] {
    Self.split(try control(code, [], Self.packetsByteCount))
  }

  // MARK: Bytes

  private static var headerByteCount: Int { 24 }

  /// The messages that some bytes consist of; what is cut off at the end is dropped.
  static func split(_ bytes: [UInt8]) -> [[UInt8]] {
    var messages: [[UInt8]] = []
    var position = 0
    while bytes.count - position >= 16 {
      let length = Int(word(bytes, at: position))
      guard length >= 16, length <= bytes.count - position else { break }
      messages.append(Array(bytes[position..<(position + length)]))
      position += (length + 3) & ~3
    }
    return messages
  }

  private static func acknowledgement(of request: [UInt8]) -> [UInt8] {
    NetlinkMessage(
      NetlinkHeader(flags: [], sequence: word(request, at: 8), processID: word(request, at: 12)), .error(0)
    ).encode()
  }

  static func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
      | UInt32(bytes[offset + 3]) << 24
  }

  static func store(_ value: UInt32, in bytes: inout [UInt8], at offset: Int) {
    for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
  }
}

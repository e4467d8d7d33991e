// Whether a request may be looked at any further: its lengths, its family and version, and whether it names its own handle
// and the datapath that there is. What remains is decoded.

import Datapath

/// Why a request is refused, and how.
struct RequestRefusal {
  let counter: DeviceCounter
  let status: DeviceStatus
  /// Where the message can be answered by another, that.
  let answer: NetlinkMessage?

  init(_ counter: DeviceCounter, _ status: DeviceStatus = .invalidParameter, answer: NetlinkMessage? = nil) {
    self.counter = counter
    self.status = status
    self.answer = answer
  }
}

/// A request, or why it is refused.
enum CheckedRequest {
  case accepted(NetlinkMessage)
  case refused(RequestRefusal)
}

extension ControlDevice {
  /// The families of the device, and the version of its messages that user mode has to speak.
  private static func version(of family: MessageFamily) -> UInt8? {
    switch family {
    case .datapath: 2
    case .control, .packet, .vport, .flow, .networkDevice, .meter: 1
    case _ where TrackingMessage.has(family): TrackingMessage.version(of: family)
    default: nil
    }
  }

  /// Families that exist, and that the datapath does not have yet.
  private static func isUnsupported(_ family: MessageFamily) -> Bool { family == .connectionTrack }

  /// Checks a request and decodes it.
  func checked(_ input: [UInt8], _ handle: OpenHandle) -> CheckedRequest {
    guard input.count >= Self.headerByteCount, input.count <= limits.maximumRequestByteCount else {
      return .refused(RequestRefusal(.invalidRequestLength))
    }
    // One message; behind it there may be the padding of its last attribute.
    let length = Int(Self.word(input, at: 0))
    guard length >= Self.headerByteCount, length <= input.count, input.count - length < 4 else {
      return .refused(RequestRefusal(.malformedMessage))
    }
    let family = MessageFamily(rawValue: UInt16(input[4]) | UInt16(input[5]) << 8)
    guard let version = Self.version(of: family) else {
      guard Self.isUnsupported(family) else { return .refused(RequestRefusal(.unknownFamily)) }
      let answer = Engine.refusal(of: input, .unknownFamily(family.rawValue))
      return .refused(RequestRefusal(.unknownFamily, answer: answer))
    }
    guard input[17] >= version else { return .refused(RequestRefusal(.oldVersion)) }
    guard Self.word(input, at: 12) == handle.processID else { return .refused(RequestRefusal(.wrongAddress)) }
    switch family {
    case .datapath, .networkDevice, .control: break  // control is about the handle, not about a datapath
    // Other daemons know no number to give in these, and leave it zero.
    case _ where TrackingMessage.has(family) && Self.word(input, at: 20) == 0: break
    default:
      guard Int32(bitPattern: Self.word(input, at: 20)) == engines.datapathIndex else {
        return .refused(RequestRefusal(.wrongAddress))
      }
    }
    // What a handle says of itself is small, and a daemon that may not wait any more would have to begin anew.
    guard family == .control || hasMemory(memoryNeeded(forRequestOf: length)) else {
      return noMemory(for: input)
    }
    let request = decoded(Array(input[..<length]))
    if case .accepted(let message) = request, !hasMemory(forGrowthBy: message, length) {
      return noMemory(for: input)
    }
    return request
  }

  private func noMemory(for input: [UInt8]) -> CheckedRequest {
    let noMemory: UInt32 = 12
    let header = NetlinkHeader(
      flags: [], sequence: Self.word(input, at: 8), processID: Self.word(input, at: 12))
    let answer = NetlinkMessage(header, .error(noMemory))
    return .refused(RequestRefusal(.noMemory, .insufficientResources, answer: answer))
  }

  /// How many bytes of heap a request of so many bytes may need: for itself taken apart, where an action of a few bytes becomes
  /// a whole key and mask, and for what each engine keeps of it.
  private func memoryNeeded(forRequestOf byteCount: Int) -> Int {
    byteCount * limits.decodedFactor + limits.stepByteCount
      + engines.count * (byteCount * limits.memoryFactor + limits.memoryReserveByteCount)
  }

  /// Whether there is memory for what the tables of all engines take for a request, if it makes them grow.
  private func hasMemory(forGrowthBy message: NetlinkMessage, _ byteCount: Int) -> Bool {
    let growth = engines.growthByteCount(for: message)
    var needed = growth + memoryNeeded(forRequestOf: byteCount)
    switch message.body {
    case .flow(.new, _), .vport(.new, _), .meter(.set, _): needed += limits.marginByteCount
    case .flow, .vport, .packet, .datapath, .control, .networkDevice, .tracking, .meter, .error, .done:
      if growth == 0 { return true }
    }
    return hasMemory(needed) && (growth == 0 || systemHasMemory(growth))
  }

  private func decoded(_ bytes: [UInt8]) -> CheckedRequest {
    do throws(MessageError) {
      guard var message = try NetlinkMessage.decode(bytes).first else {
        return .refused(RequestRefusal(.malformedMessage))
      }
      // Who asks for the datapath by its name, or for all, learns its number from the answer.
      if case .datapath(_, let request) = message.body,
        request.name != nil || message.header.flags.isSuperset(of: .dump)
      {
        message.header.datapathIndex = engines.datapathIndex
      }
      return .accepted(message)
    } catch {
      let answer = Engine.refusal(of: bytes, error)
      if case .unknownCommand = error { return .refused(RequestRefusal(.unknownCommand, answer: answer)) }
      return .refused(RequestRefusal(.malformedMessage, answer: answer))
    }
  }

  /// A little-endian integer of four bytes that are there.
  static func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
      | UInt32(bytes[offset + 3]) << 24
  }
}

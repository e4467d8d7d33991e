// Whether a request may be looked at any further: its lengths, its family and version, and whether it names its own handle
// and the datapath that there is. What remains is decoded.

import Datapath

/// Why a request is refused, and how.
struct RequestRefusal {
  let counter: DeviceCounter
  let status: DeviceStatus
  /// Where the message can be answered by another, what that says.
  let error: MessageError?

  init(_ counter: DeviceCounter, _ status: DeviceStatus = .invalidParameter, error: MessageError? = nil) {
    self.counter = counter
    self.status = status
    self.error = error
  }
}

/// A request, or why it is refused.
enum CheckedRequest {
  case accepted(Message)
  case refused(RequestRefusal)
}

extension ControlDevice {
  /// The families of the device, and the version of its messages that user mode has to speak.
  private static func version(of family: MessageFamily) -> UInt8? {
    switch family {
    case .datapath: 2
    case .control, .packet, .vport, .flow, .networkDevice: 1
    default: nil
    }
  }

  /// Families that exist, and that the datapath does not have yet.
  private static func isUnsupported(_ family: MessageFamily) -> Bool {
    switch family {
    case .connectionTrack, .connectionLimit, .meter: true
    default: false
    }
  }

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
      let error = Self.isUnsupported(family) ? MessageError.unknownFamily(family.rawValue) : nil
      return .refused(RequestRefusal(.unknownFamily, error: error))
    }
    guard input[17] >= version else { return .refused(RequestRefusal(.oldVersion)) }
    guard Self.word(input, at: 12) == handle.processID else { return .refused(RequestRefusal(.wrongAddress)) }
    switch family {
    case .datapath, .networkDevice, .control: break  // control is about the handle, not about a datapath
    default:
      guard Int32(bitPattern: Self.word(input, at: 20)) == pipelines.datapathIndex else {
        return .refused(RequestRefusal(.wrongAddress))
      }
    }
    return decoded(Array(input[..<length]))
  }

  private func decoded(_ bytes: [UInt8]) -> CheckedRequest {
    do throws(MessageError) {
      guard var message = try Message.decode(bytes).first else {
        return .refused(RequestRefusal(.malformedMessage))
      }
      // Who asks for the datapath by its name, or for all, learns its number from the answer.
      if case .datapath(_, let request) = message.body,
        request.name != nil || message.header.flags.isSuperset(of: .dump)
      {
        message.header.datapathIndex = pipelines.datapathIndex
      }
      return .accepted(message)
    } catch {
      if case .unknownCommand = error { return .refused(RequestRefusal(.unknownCommand, error: error)) }
      return .refused(RequestRefusal(.malformedMessage, error: error))
    }
  }

  /// A little-endian integer of four bytes that are there.
  static func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
      | UInt32(bytes[offset + 3]) << 24
  }
}

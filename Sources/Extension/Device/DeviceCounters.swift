import Datapath

/// What the device refused, lost or dropped, and how often.
public enum DeviceCounter: Int, CaseIterable, Sendable {
  /// A control code that the device does not have.
  case unknownControlCode
  /// A handle that is not open.
  case unknownHandle
  /// An open refused since there are too many handles.
  case tooManyHandles
  /// A request that is longer than allowed, or shorter than a message's headers.
  case invalidRequestLength
  /// A request that could not be read as one message.
  case malformedMessage
  /// A message of a family that the device does not have.
  case unknownFamily
  /// A command that the family does not have.
  case unknownCommand
  /// A command that may not come by this operation.
  case wrongOperation
  /// A message with another handle's number, or another datapath's.
  case wrongAddress
  /// A message of an older version of its family.
  case oldVersion
  /// An output buffer that was too small.
  case bufferTooSmall
  /// A second request to wait for the same thing.
  case alreadyWaiting
  /// A request refused for want of memory.
  case noMemory
  /// A packet for a handle that is not open, or does not receive packets.
  case packetWithoutReceiver
  /// A packet that found its handle's queue full.
  case packetQueueFull
  /// A packet thrown away when its handle was closed or ceased to receive.
  case packetAbandoned
  /// An event that found a handle's queue full.
  case eventQueueFull
  /// A waiting request that was cancelled.
  case cancelled

  /// The name of the counter, for people.
  public var name: StaticString {
    switch self {
    case .unknownControlCode: "device_unknown_control_code"
    case .unknownHandle: "device_unknown_handle"
    case .tooManyHandles: "device_too_many_handles"
    case .invalidRequestLength: "device_invalid_request_length"
    case .malformedMessage: "device_malformed_message"
    case .unknownFamily: "device_unknown_family"
    case .unknownCommand: "device_unknown_command"
    case .wrongOperation: "device_wrong_operation"
    case .wrongAddress: "device_wrong_address"
    case .oldVersion: "device_old_version"
    case .bufferTooSmall: "device_buffer_too_small"
    case .alreadyWaiting: "device_already_waiting"
    case .noMemory: "device_no_memory"
    case .packetWithoutReceiver: "device_packet_without_receiver"
    case .packetQueueFull: "device_packet_queue_full"
    case .packetAbandoned: "device_packet_abandoned"
    case .eventQueueFull: "device_event_queue_full"
    case .cancelled: "device_cancelled"
    }
  }
}

/// The device's counters.
struct DeviceCounters {
  private var values = [UInt64](repeating: 0, count: DeviceCounter.allCases.count)

  subscript(counter: DeviceCounter) -> UInt64 { values[counter.rawValue] }

  mutating func count(_ counter: DeviceCounter, _ number: Int = 1) {
    values[counter.rawValue] &+= UInt64(truncatingIfNeeded: number)
  }

  /// All of them, in the form of a message.
  var named: [NamedCounter] {
    DeviceCounter.allCases.map { counter in
      NamedCounter(name: counter.name.bytes, value: values[counter.rawValue])
    }
  }
}

extension StaticString {
  /// The characters as bytes.
  var bytes: [UInt8] { withUTF8Buffer { unsafe Array($0) } }
}

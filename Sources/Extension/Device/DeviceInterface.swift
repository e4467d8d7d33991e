// What user mode sees of the device: the status values, and the sizes that have limits.

/// How a request to the device ended (`NTSTATUS`).
public struct DeviceStatus: RawRepresentable, Hashable, Sendable {
  /// The value that the I/O manager is given.
  public var rawValue: UInt32

  /// Makes a status from its value.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// It was done.
  public static var success: DeviceStatus { DeviceStatus(rawValue: 0) }
  /// It ends later.
  public static var pending: DeviceStatus { DeviceStatus(rawValue: 0x103) }
  /// The handle has such a request already.
  public static var busy: DeviceStatus { DeviceStatus(rawValue: 0x8000_0011) }
  /// There is no such handle.
  public static var invalidHandle: DeviceStatus { DeviceStatus(rawValue: 0xc000_0008) }
  /// The message makes no sense, or not for this operation.
  public static var invalidParameter: DeviceStatus { DeviceStatus(rawValue: 0xc000_000d) }
  /// The device has no such control code.
  public static var invalidRequest: DeviceStatus { DeviceStatus(rawValue: 0xc000_0010) }
  /// The output buffer cannot hold what there is to give.
  public static var bufferTooSmall: DeviceStatus { DeviceStatus(rawValue: 0xc000_0023) }
  /// A limit would be passed.
  public static var insufficientResources: DeviceStatus { DeviceStatus(rawValue: 0xc000_009a) }
  /// The request was cancelled, or what it waited for will not come any more.
  public static var cancelled: DeviceStatus { DeviceStatus(rawValue: 0xc000_0120) }
}

/// What a request to the device came to.
public struct DeviceReply: Equatable, Sendable {
  /// How it ended.
  public var status: DeviceStatus
  /// What goes into the output buffer.
  public var bytes: [UInt8]
  /// What it waits for, where the status is pending.
  public var awaits: AwaitedThing?

  /// Makes a reply.
  public init(_ status: DeviceStatus, _ bytes: [UInt8] = []) {
    self.status = status
    self.bytes = bytes
  }

  static func pending(_ awaits: AwaitedThing) -> DeviceReply {
    var reply = DeviceReply(.pending)
    reply.awaits = awaits
    return reply
  }
}

/// What a pended request waits for.
public enum AwaitedThing: UInt32, Sendable, CaseIterable {
  /// An event of a multicast group.
  case event = 0
  /// A packet.
  case packet = 1
}

/// A pended request that is to be completed.
public struct WakeUp: Equatable, Sendable {
  /// The handle that it came by.
  public var handle: UInt32
  /// What it waited for.
  public var thing: AwaitedThing
  /// How it ends.
  public var status: DeviceStatus
}

/// The sizes of the device, each with its limit.
public struct DeviceLimits: Sendable {
  /// The most handles that may be open.
  public var maximumHandleCount = 512
  /// The most bytes of a request.
  public var maximumRequestByteCount = 192 * 1024
  /// The most bytes that one read gives, however large its buffer is.
  public var maximumReadByteCount = 256 * 1024
  /// The most packets that wait in a handle.
  public var maximumPacketCount = 2_048
  /// The most bytes of packets that wait in a handle.
  public var maximumPacketByteCount = 8 << 20
  /// The most events that wait in a handle.
  public var maximumEventCount = 1_024
  /// The most bytes of messages that wait in all handles together.
  public var maximumQueuedByteCount = 32 << 20

  /// How many bytes of heap a request may need for each of its own, taken apart.
  public var decodedFactor = 160
  /// How many bytes of heap a request may need for each of its own, in each engine.
  public var memoryFactor = 8
  /// How many bytes of heap a request may need besides.
  public var memoryReserveByteCount = 16 * 1024
  /// How many bytes of heap a step may need for a moment: a program while it is compiled, an answer with the longest actions,
  /// sixteen such flows of a dump.
  public var stepByteCount = 5 << 20
  /// How many bytes of heap the description of a device may need.
  public var deviceByteCount = 1_024
  /// How many bytes of heap remain for other requests when one for a new flow or port is accepted, so that a heap full of
  /// flows can still be looked at and emptied.
  public var marginByteCount = 8 << 20

  /// The default limits.
  public init() {}
}

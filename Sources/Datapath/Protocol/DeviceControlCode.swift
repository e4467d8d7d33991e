/// What can be asked of the device by `DeviceIoControl`.
///
/// A control code is the device type 45000, the access that the caller needs, a function number and the way that buffers
/// are passed, in 16, 2, 12 and 2 bits.
public enum DeviceControlCode: UInt32, CaseIterable, Sendable {
  /// Gives the number of the handle; buffered.
  case getProcessID = 0xafc8_8400
  /// Reads from the dump that is under way; the output is mapped.
  case read = 0xafc8_4406
  /// Reads an event.
  case readEvent = 0xafc8_440a
  /// Reads a packet.
  case readPacket = 0xafc8_440e
  /// Starts a dump, or tells the device about the handle.
  case write = 0xafc8_4411
  /// Carries out a request and gives the answer.
  case transact = 0xafc8_8416
}

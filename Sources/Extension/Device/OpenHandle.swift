/// One opening of the device, and what belongs to it.
final class OpenHandle {
  /// The number that names it, in messages the netlink port.
  let processID: UInt32
  /// The netlink protocol that user mode says it speaks.
  var socketProtocol: UInt32 = 0
  /// The dump that is under way.
  var dump: RunningDump?
  /// Whether it is in the group of port events.
  var isInVportGroup = false
  /// Whether, and how, it receives packets.
  var subscription = PacketSubscription.none
  var events = MessageQueue()
  var packets = MessageQueue()
  /// What its pended requests wait for.
  var awaits: Set<AwaitedThing> = []

  /// How packets are read.
  enum PacketSubscription: UInt8 {
    case none = 0
    /// One at each read.
    case single = 1
    /// As many as a read has room for.
    case many = 2
  }

  init(processID: UInt32) { self.processID = processID }
}

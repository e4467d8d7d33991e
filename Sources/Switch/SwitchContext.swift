import Datapath
import PacketWire

/// What all parts of one switch share: the clock and the effects, the way to the datapaths, the options, chance.
final class SwitchContext {
  let turn: Turn
  let channel: DatapathChannel
  let options: SwitchOptions
  /// Makes flow keys of frames.
  let frames = FrameKey()
  /// The host's network devices by name.
  var devices: [String: NetworkDevice] = [:]
  /// The host's routes.
  var routes: [NetworkRoute] = []
  private var numbers: SplitMix64
  private var nextIdentifier: UInt64 = 1
  private var nextDummyAddress: UInt64 = 0xaa55_aa55_0000

  init(options: SwitchOptions) {
    turn = Turn()
    channel = DatapathChannel(turn: turn)
    self.options = options
    numbers = SplitMix64(seed: options.seed)
  }

  /// The time of this step, in milliseconds.
  var now: Int64 { turn.now.milliseconds }

  /// The next number of a sequence that depends on the seed alone.
  func random() -> UInt64 { numbers.next() }

  /// A random unicast address that no manufacturer gave.
  func randomAddress() -> MACAddress {
    MACAddress((random() & 0xfcff_ffff_ffff) | 0x0200_0000_0000)
  }

  /// An address for a dummy device; they count up.
  func dummyAddress() -> MACAddress {
    defer { nextDummyAddress += 1 }
    return MACAddress(nextDummyAddress)
  }

  func makeStreamID() -> StreamID { StreamID(makeIdentifier()) }

  func makeListenerID() -> ListenerID { ListenerID(makeIdentifier()) }

  private func makeIdentifier() -> UInt64 {
    defer { nextIdentifier &+= 1 }
    return nextIdentifier
  }
}

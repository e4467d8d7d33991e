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
  var devices: [String: Device] = [:]
  /// The host's routes.
  var routes: [HostRoute] = []
  private var randomState: UInt64
  private var nextIdentifier: UInt64 = 1
  private var nextDummyAddress: UInt64 = 0xaa55_aa55_0000

  init(options: SwitchOptions) {
    turn = Turn()
    channel = DatapathChannel(turn: turn)
    self.options = options
    randomState = options.seed
  }

  /// The time of this step, in milliseconds.
  var now: Int64 { turn.now.milliseconds }

  /// The next number of a sequence that depends on the seed alone (splitmix64).
  func random() -> UInt64 {
    randomState &+= 0x9e37_79b9_7f4a_7c15
    var value = randomState
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

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

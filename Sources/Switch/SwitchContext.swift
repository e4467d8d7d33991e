import Datapath
import PacketWire

/// Whose an OpenFlow stream is.
struct StreamOwner {
  /// The bridge's name.
  var bridge: String
  /// The controller that the bridge connects to, if it is not the peer that has connected.
  var target: String?
}

/// What all parts of one switch share: the clock and the effects, the way to the datapaths, the options, chance.
final class SwitchContext {
  let turn: Turn
  let channel: DatapathChannel
  let options: SwitchOptions
  /// Makes flow keys of frames.
  let frames = FrameKey()
  /// The OpenFlow streams that are open or being opened, and whose they are.
  var streams: [StreamID: StreamOwner] = [:]
  /// The bridges of the listeners, by name.
  var listeners: [ListenerID: String] = [:]
  /// The host's network devices by name.
  var devices: [String: NetworkDevice] = [:]
  /// Whether addresses or routes of the host are others than what the tunnels were last told of.
  var haveAddressesChanged = false
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

  /// Takes what the host's devices look like now; gives the names of those that have come, gone or changed, in order.
  func take(_ all: [NetworkDevice]) -> [String] {
    var changed: [String] = []
    var names: Set<String> = []
    for device in all {
      names.insert(device.name)
      let old = devices[device.name]
      guard old != device else { continue }
      if old?.addresses ?? [] != device.addresses { haveAddressesChanged = true }
      devices[device.name] = device
      changed.append(device.name)
    }
    if devices.count > names.count {
      for (name, device) in devices where !names.contains(name) {
        if !device.addresses.isEmpty { haveAddressesChanged = true }
        devices[name] = nil
        changed.append(name)
      }
    }
    return changed.sorted()
  }

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

@testable import Switch

/// Whoever is at the other end of an OpenFlow connection.
protocol StreamPeer: AnyObject {
  /// The connection is there.
  func opened(_ stream: SimulatedStream, _ world: World)
  /// Bytes of the switch.
  func received(_ bytes: [UInt8], _ stream: SimulatedStream, _ world: World)
  /// The connection is gone.
  func closed(_ stream: SimulatedStream)
}

/// A byte stream between the switch and a peer.
final class SimulatedStream {
  /// What arrives at the switch.
  enum Arrival {
    case opened
    case bytes([UInt8])
    case closed(reason: String)
  }

  let id: StreamID
  let peer: any StreamPeer
  var toSwitch = DelayLine<Arrival>()
  var toPeer = DelayLine<[UInt8]>()
  /// Whether the peer does not read what is sent to it.
  var isStuck = false
  /// How many bytes wait for a peer that does not read.
  var unreadByteCount = 0
  /// Whether nothing more is to come from the peer.
  private(set) var isCut = false

  /// How many bytes may wait for a peer that does not read, before the host closes the stream.
  static let sendQueueLimit = 64 * 1024

  init(_ id: StreamID, _ peer: any StreamPeer) {
    self.id = id
    self.peer = peer
  }

  /// Ends the stream: of what is on its way, some still arrives, cut at any byte.
  func cut(reason: String, _ chance: inout Chance, now: Int64) {
    guard !isCut else { return }
    isCut = true
    toPeer.removeAll()
    if toSwitch.count > 0, chance.percent(50) {
      let kept = chance.number(0...toSwitch.count - 1)
      let next = toSwitch.items[kept]
      toSwitch.cut(to: kept)
      if case .bytes(let bytes) = next {
        toSwitch.add(.bytes(Array(bytes.prefix(chance.number(0...bytes.count)))), due: now)
      }
    }
    toSwitch.add(.closed(reason: reason), due: now)
  }
}

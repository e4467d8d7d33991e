import Datapath
import OpenFlow

/// What all translations of a switch share beside its bridges.
final class TranslationEnvironment {
  /// The tunnels' next hops.
  let neighbors = NeighborTable()
  /// The ways to the tunnels' other ends.
  let routes = RouteTable()
  /// The tunnel interfaces by what received packets look like.
  let tunnels = TunnelMap()
  /// The addresses at which tunnels end here.
  let endpoints = EndpointTable()
  /// What was left of the pipeline when packets went to controllers.
  let pauses = PauseTable()

  init() {}

  /// Counts the changes after which a translation may come out otherwise.
  var generation: UInt64 {
    neighbors.generation &+ routes.generation &+ tunnels.generation &+ endpoints.generation
  }
}

/// What the pipeline knows of a packet that it sends to a controller, beside the packet.
struct Pause: Hashable {
  /// The bridge's name.
  var bridge: String
  /// The table whose rule sends the packet.
  var table: UInt8
  /// That rule's cookie.
  var cookie: UInt64
  /// What the rule says of the message.
  var controller: ControllerAction
  /// The port that the packet came in by, in the bridge's numbers.
  var inPort: OpenFlowPortNumber
  /// Metadata and registers: the key's pipeline segment.
  var pipeline: PackedKey
}

/// Pauses by number, so that a datapath action can name one.
///
/// The same pause always has the same number while it is in use, else no revalidation would find a flow unchanged.
final class PauseTable {
  private struct Entry {
    var pause: Pause
    var usedMilliseconds: Int64
  }
  /// How many pauses there are at most.
  static var limit: Int { 65536 }
  /// How long a pause that no translation mentions stays.
  static var agingMilliseconds: Int64 { 60_000 }

  /// How many packet-ins lost their pipeline fields because the table was full.
  private(set) var refusedCount: UInt64 = 0
  private var entries: [UInt32: Entry] = [:]
  private var numbers: [Pause: UInt32] = [:]
  private var next: UInt32 = 1

  init() {}

  /// How many pauses there are.
  var count: Int { entries.count }

  /// The number of a pause; 0 if the table is full.
  func number(of pause: Pause, now: Int64) -> UInt32 {
    if let known = numbers[pause] {
      entries[known]?.usedMilliseconds = now
      return known
    }
    guard entries.count < Self.limit else {
      refusedCount &+= 1
      return 0
    }
    while next == 0 || entries[next] != nil { next &+= 1 }
    entries[next] = Entry(pause: pause, usedMilliseconds: now)
    numbers[pause] = next
    return next
  }

  /// The pause with a number, for a packet that mentions it.
  func pause(_ number: UInt32, now: Int64) -> Pause? {
    entries[number]?.usedMilliseconds = now
    return entries[number]?.pause
  }

  /// Forgets pauses that no translation and no packet has mentioned for a while.
  ///
  /// A flow of the datapath that mentions one may be as long without a packet as `idleMilliseconds`, and some more.
  func expire(now: Int64, idleMilliseconds: Int64) {
    let age = max(Self.agingMilliseconds, idleMilliseconds &+ Self.agingMilliseconds)
    for (number, entry) in entries where entry.usedMilliseconds &+ age <= now { forget(number, entry) }
  }

  /// Forgets the pauses of a bridge that goes.
  func remove(bridge: String) {
    for (number, entry) in entries where entry.pause.bridge.utf8.elementsEqual(bridge.utf8) {
      forget(number, entry)
    }
  }

  private func forget(_ number: UInt32, _ entry: Entry) {
    entries[number] = nil
    numbers[entry.pause] = nil
  }
}

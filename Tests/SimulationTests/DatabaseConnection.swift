import JSON
import OVSDB

@testable import Switch

/// The connection between the switch and the database server, as bytes; opened again when it is lost.
final class DatabaseConnection {
  enum FromServer {
    case bytes([UInt8])
    case closed(reason: String)
  }

  var toServer = DelayLine<[UInt8]>()
  var toSwitch = DelayLine<FromServer>()
  /// When the switch's side tries to connect; nil while it is connected.
  var opensAt: Int64?
  /// Whether the server takes connections.
  var isServerUp = true
  /// What happens to bytes of the server, in percent of the messages.
  var garbledShare = 0
  /// Whether the switch was told what is not so, and can't know, on this connection.
  private(set) var isLiedTo = false
  private var session: SessionID?
  private var atServer = JSONStream()
  private var atSwitch = JSONStream()
  private var isClosing = false

  var nextDue: Int64? { earlier(opensAt, earlier(toServer.nextDue, toSwitch.nextDue)) }
  var isOpen: Bool { session != nil }

  /// Connects, if it is time to.
  func run(_ world: World) throws -> [Event] {
    guard let time = opensAt, time <= world.now else { return [] }
    guard isServerUp else {
      opensAt = world.now + 1000
      return [.databaseClosed(reason: "Connection refused")]
    }
    opensAt = nil
    isClosing = false
    isLiedTo = false
    session = world.database.server.open(now: world.now, probeMilliseconds: 5000)
    atServer = JSONStream()
    atSwitch = JSONStream()
    return [.databaseOpened]
  }

  func send(_ message: JSONValue, _ world: World) {
    guard session != nil, !isClosing else { return }
    for piece in world.chance.pieces(message.bytes()) { toServer.add(piece, due: world.arrival()) }
  }

  /// Takes what the server has to say, and whom it wants to disconnect.
  func collect(_ world: World) {
    for message in world.database.takeOutgoing() where message.session == session && !isClosing {
      // The server's order of rows is that of its dictionaries, which is another in each process.
      var bytes = (try? JSONParser.parse(message.bytes))?.bytes(style: .sorted) ?? message.bytes
      if world.chance.percent(garbledShare) {
        bytes = world.chance.mutate(bytes)
        isLiedTo = true
      }
      deliver(bytes, world)
    }
    for closing in world.database.server.takeClosing() where closing.session == session { cut(world) }
  }

  /// Lets the switch hear what is not so.
  func lie(_ bytes: [UInt8], _ world: World) {
    isLiedTo = true
    deliver(bytes, world)
  }

  /// Lets bytes arrive as if the server had sent them.
  private func deliver(_ bytes: [UInt8], _ world: World) {
    guard session != nil, !isClosing else { return }
    for piece in world.chance.pieces(bytes) { toSwitch.add(.bytes(piece), due: world.arrival()) }
  }

  func serverReceives(_ world: World) {
    guard let bytes = toServer.take(now: world.now), let session else { return }
    atServer.append(bytes)
    do {
      while let value = try atServer.next() {
        world.database.server.receive(value, from: session, now: world.now)
        collect(world)
      }
    } catch {
      cut(world)
    }
  }

  func switchReceives(_ world: World, _ events: inout [Event]) {
    switch toSwitch.take(now: world.now) {
    case .bytes(let bytes)?:
      atSwitch.append(bytes)
      do {
        while let value = try atSwitch.next() { events.append(.databaseReceived(value)) }
      } catch {
        cut(world, reason: error.message)
      }
    case .closed(let reason)?:
      toSwitch.removeAll()
      toServer.removeAll()
      opensAt = world.now + Int64(world.chance.pick([1, 1000, 2000]))
      events.append(.databaseClosed(reason: reason))
    case nil: break
    }
  }

  /// The switch's side is gone, and another begins.
  func forget(_ world: World) {
    if let session { world.database.server.close(session, now: world.now) }
    session = nil
    isClosing = false
    toServer.removeAll()
    toSwitch.removeAll()
    opensAt = world.now + 1
  }

  /// The switch wants no more of this connection.
  func close(_ reason: String, _ world: World) { cut(world, reason: "connection closed") }

  /// Ends the connection; of what is on its way some still arrives, cut at any byte.
  func cut(_ world: World, reason: String = "End of file") {
    guard let session, !isClosing else { return }
    isClosing = true
    world.database.server.close(session, now: world.now)
    self.session = nil
    if toServer.count > 0 { toServer.cut(to: world.chance.number(0...toServer.count)) }
    if toSwitch.count > 0 { toSwitch.cut(to: world.chance.number(0...toSwitch.count)) }
    toServer.removeAll()
    toSwitch.add(.closed(reason: reason), due: world.now)
  }
}

import Datapath
import Host
import OpenFlow

/// Commands about tracked connections.
struct ConnectionCommands {
  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  /// Has the switch forget the connections of a zone.
  func flushZone(_ arguments: [String]) {
    guard let zone = UInt16(arguments[1]) else { settings.fail("invalid zone_id \"\(arguments[1])\"") }
    send(.flushConnections(zone: zone), arguments[0])
  }

  /// Has the switch forget the connections that have all that is said.
  func flush(_ arguments: [String]) {
    do throws(ConnectionFilterError) {
      send(
        .flushConnectionsByTuple(try ConnectionMessage(filter: Array(arguments.dropFirst()))), arguments[0])
    } catch {
      let isZone = error.message.utf8.elementsEqual("failed to parse zone".utf8)
      settings.fail(isZone ? "Failed to parse zone" : "Failed to parse ct-tuple: \(error.message)")
    }
  }

  private func send(_ message: Message, _ name: String) {
    let connection = SwitchConnection(name, settings)
    connection.send(message)
    failIfAny(connection.finish(), settings)
  }
}

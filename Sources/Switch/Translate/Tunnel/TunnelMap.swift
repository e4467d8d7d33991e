import Datapath
import OpenFlow
import PacketWire

/// The tunnel interfaces by what packets that they receive look like.
///
/// Several interfaces share one datapath port, that of their encapsulation and UDP port; the outer addresses and the key
/// tell them apart. The most specific one wins: a fixed key, then a fixed remote address, then a fixed local one.
final class TunnelMap {
  private struct Selector: Hashable {
    var port: DatapathPortNumber
    var local: IPv6Address?
    var remote: IPv6Address?
    var key: UInt64?
  }

  /// Counts the changes after which a lookup may come out otherwise.
  private(set) var generation: UInt64 = 0
  private var interfaces: [Selector: Interface] = [:]
  private var ports: Set<DatapathPortNumber> = []
  private var portsByProtocol: [UInt32: DatapathPortNumber] = [:]

  init() {}

  /// How many tunnels there are.
  var count: Int { interfaces.count }

  /// Takes in all tunnels that have a datapath port, in the place of those before.
  ///
  /// Of two that receive the same packets the first by name wins; the other is answered.
  func replace(with new: [Interface]) -> [Interface] {
    interfaces = [:]
    ports = []
    portsByProtocol = [:]
    generation &+= 1
    var conflicts: [Interface] = []
    for interface in new {
      guard case .tunnel(let settings) = interface.kind, let port = interface.datapathNumber else { continue }
      ports.insert(port)
      portsByProtocol[Self.protocolKey(settings)] = port
      let selector = Selector(
        port: port, local: Self.fixed(settings.localAddress), remote: Self.fixed(settings.remoteAddress),
        // A tunnel without a key takes packets without one.
        key: settings.keyIn == .absent ? 0 : Self.fixed(settings.keyIn))
      if interfaces[selector] == nil {
        interfaces[selector] = interface
      } else {
        conflicts.append(interface)
      }
    }
    return conflicts
  }

  private static func fixed<Value>(_ choice: TunnelSettings.Choice<Value>) -> Value? {
    if case .fixed(let value) = choice { return value }
    return nil
  }

  private static func protocolKey(_ settings: TunnelSettings) -> UInt32 {
    protocolKey(settings.encapsulation.row.carrier.protocolNumber, settings.transportPort)
  }

  private static func protocolKey(_ number: IPProtocol, _ port: UInt16) -> UInt32 {
    UInt32(number.rawValue) << 16 | UInt32(port)
  }

  /// Whether a datapath port is that of an encapsulation.
  func isTunnel(_ port: DatapathPortNumber) -> Bool { ports.contains(port) }

  /// The interface that a packet that was taken out of a tunnel belongs to.
  func interface(port: DatapathPortNumber, key: borrowing FlowKey) -> Interface? {
    // On receive the outer destination is this end.
    let local = key.tunnelDestination
    let remote = key.tunnelSource
    let id = key.tunnelID
    for keyChoice in [id, nil] as [UInt64?] {
      for remoteChoice in [remote, nil] as [IPv6Address?] {
        for localChoice in [local, nil] as [IPv6Address?] {
          let selector = Selector(port: port, local: localChoice, remote: remoteChoice, key: keyChoice)
          if let found = interfaces[selector] { return found }
        }
      }
    }
    return nil
  }

  /// The datapath port that takes a packet out of its tunnel, if its protocol is that of one.
  ///
  /// The fields that say so are added to `wildcards`.
  func port(terminating key: borrowing FlowKey, wildcards: inout FlowKey) -> DatapathPortNumber? {
    guard key.fragment & 2 == 0, !portsByProtocol.isEmpty else { return nil }
    wildcards.fill(.ipProtocol)
    let number = IPProtocol(rawValue: key.ipProtocol)
    guard number == .udp else { return portsByProtocol[Self.protocolKey(number, 0)] }
    wildcards.fill(.transportDestination)
    return portsByProtocol[Self.protocolKey(number, key.transportDestination)]
  }
}

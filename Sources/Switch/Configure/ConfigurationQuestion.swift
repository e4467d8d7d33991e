import Datapath
import OpenFlow

/// What Configure asks a datapath, which is named by its type.
enum ConfigurationQuestion {
  /// To be there.
  case open(datapathType: String)
  /// For a port of an interface, under a number.
  case port(datapathType: String, DatapathPortNumber)
  /// For a port of tunnels, under a number.
  case tunnelPort(datapathType: String, name: String, DatapathPortNumber)
  /// To delete a port.
  case deletion(datapathType: String, DatapathPortNumber)
  /// For a port that an interface had before the datapath went away.
  case formerPort(datapathType: String, DatapathPortNumber)
  /// For a port that tunnels had before the datapath went away.
  case formerTunnelPort(datapathType: String, name: String)

  /// To change how connections are tracked.
  case tracking(datapathType: String, what: String)

  /// The type of the datapath that was asked.
  var datapathType: String {
    switch self {
    case .open(let type), .port(let type, _), .tunnelPort(let type, _, _), .deletion(let type, _),
      .formerPort(let type, _), .formerTunnelPort(let type, _), .tracking(let type, _):
      type
    }
  }
}

/// What Configure has changed, for the parts that have to know.
enum ConfigurationChange {
  /// The settings of the whole switch are these now.
  case settings(Settings)
  /// A bridge has come.
  case bridgeAdded(Bridge)
  /// A bridge was configured, for the first time or anew.
  case bridgeConfigured(Bridge, DesiredBridge)
  /// A bridge has gone.
  case bridgeRemoved(Bridge)
  /// An interface has joined or left a bridge, or has changed.
  case port(bridge: String, PortStatus)
  /// Zones have these timeout policies now, by name.
  case timeoutPolicies([UInt16: [UInt8]])
  /// A datapath has gone, with all its flows.
  case datapathLost(DatapathLink)
}

import Host
import OpenFlow

/// Finds out the names of a bridge's ports and tables.
struct BridgeNames {
  private let settings: Settings
  private let name: String

  init(_ name: String, _ settings: Settings) {
    self.name = name
    self.settings = settings
  }

  /// The ports of the bridge.
  func ports() -> [PortDescription] {
    let connection = SwitchConnection(name, settings)
    defer { connection.close() }
    if SwitchFeatures.listsPorts(connection.version) {
      let received = connection.transact(.featuresRequest)
      guard case .featuresReply(let features) = received.message else {
        settings.fail("\(name): received bad features reply")
      }
      if features.isPortListComplete(in: received.version) { return features.ports }
    }
    var ports: [PortDescription] = []
    connection.transactMultipart(.portDescriptionRequest(.none)) { bytes in
      guard let received = try? Message.decode(bytes),
        case .portDescriptionReply(let part, _) = received.message
      else { return }
      ports += part
    }
    return ports
  }

  /// The names of the ports, and of those tables that have any.
  func all() -> FlowNames {
    var names = FlowNames()
    for port in ports() { names.add(port: port.number, name: port.name) }
    return names
  }

  /// The port that a number or a name stands for; ends the program if there is none.
  func port(_ text: String) -> OpenFlowPortNumber {
    if let port = FlowNames().port(text) { return port }
    if settings.showsNames != false {
      for port in ports() where port.name.utf8.elementsEqual(text.utf8) { return port.number }
    }
    settings.fail("\(name): unknown port `\(text)'")
  }

  /// The description of the port that a number or a name stands for; ends the program if there is none.
  func description(_ text: String) -> PortDescription {
    let number = FlowNames().port(text)
    for port in ports() {
      if let number {
        if port.number == number { return port }
      } else if port.name.utf8.elementsEqual(text.utf8) {
        return port
      }
    }
    settings.fail("\(name): couldn't find port `\(text)'")
  }
}

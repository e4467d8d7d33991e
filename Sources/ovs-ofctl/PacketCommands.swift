import Command
import Datapath
import Host
import OpenFlow

/// Commands about packets, and those that print whatever comes.
struct PacketCommands {
  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  // MARK: Packet-out

  /// Sends packets through a switch.
  func packetOut(_ arguments: [String]) {
    if arguments.count > 2 { return packetsOut(arguments) }
    var text = FlowText(settings, bridge: arguments[0])
    let message = parse(arguments[1], &text)
    let connection = SwitchConnection(arguments[0], settings)
    connection.send(.packetOut(message))
    failIfAny(connection.finish(), settings)
  }

  /// The older syntax: a port, actions, and packets.
  private func packetsOut(_ arguments: [String]) {
    guard arguments.count >= 4 else { settings.fail("packet-out: too few arguments") }
    var text = FlowText(settings, bridge: arguments[0])
    let actions = text.actions(arguments[2])
    guard let port = text.port(arguments[1]) else { settings.fail("\(arguments[1]): unknown port") }
    let connection = SwitchConnection(arguments[0], settings)
    for word in arguments[3...] {
      guard let packet = Self.bytes(word) else { settings.fail("Trailing garbage in packet data") }
      connection.send(.packetOut(PacketOut(packet: packet, inPort: port, actions: actions)))
    }
    failIfAny(connection.finish(), settings)
  }

  /// The message of `packet-out`'s newer syntax.
  func message(_ argument: String, bridge: String) -> Message {
    var text = FlowText(settings, bridge: bridge)
    return .packetOut(parse(argument, &text))
  }

  /// Reads a packet with its actions.
  func parse(_ argument: String, _ text: inout FlowText) -> PacketOut {
    let bytes = Array(argument.utf8)
    guard let start = Self.find(Array("action".utf8), in: bytes) else {
      settings.fail("must specify an action")
    }
    var actionText = bytes[start...].drop { $0 != UInt8(ascii: "=") }
    guard !actionText.isEmpty else { settings.fail("must specify an action") }
    actionText.removeFirst()
    var port = OpenFlowPortNumber.none
    var packet: [UInt8]?
    for word in bytes[..<start].split(whereSeparator: { $0 == 0x2c || $0 == 0x20 || $0 == 0x09 }) {
      let parts = word.split(separator: UInt8(ascii: "="), maxSplits: 1)
      let key = String(decoding: parts[0], as: UTF8.self)
      let value = parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : ""
      switch key {
      case "in_port":
        guard let found = text.port(value) else { settings.fail("\(value) is not a valid OpenFlow port") }
        port = found
      case "packet":
        guard let bytes = Self.bytes(value) else { settings.fail("packet: Trailing garbage in packet data") }
        guard bytes.count >= 14 else { settings.fail("packet: Packet too short") }
        packet = bytes
      default: settings.fail("unknown keyword \(key)")
      }
    }
    guard let packet else { settings.fail("must specify packet") }
    return PacketOut(
      packet: packet, inPort: port, actions: text.actions(String(decoding: actionText, as: UTF8.self)))
  }

  private static func find(_ word: [UInt8], in bytes: [UInt8]) -> Int? {
    guard bytes.count >= word.count else { return nil }
    for start in 0...(bytes.count - word.count) where bytes[start..<start + word.count].elementsEqual(word) {
      return start
    }
    return nil
  }

  /// Bytes from hexadecimal digits, which spaces may part; nil if there is anything else.
  static func bytes(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in text.utf8 where character != 0x20 && character != 0x0a {
      let digit: UInt8
      switch character {
      case 0x30...0x39: digit = character - 0x30
      case 0x41...0x46: digit = character - 0x37
      case 0x61...0x66: digit = character - 0x57
      default: return nil
      }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return high == nil ? bytes : nil
  }

  // MARK: Printing

  /// Prints a message given in hexadecimal.
  func printMessage(_ arguments: [String]) {
    guard let bytes = Self.bytes(arguments[0]) else { settings.fail("bad hexadecimal digits") }
    let verbosity = arguments.count > 1 ? Int(arguments[1]) ?? 2 : 2
    StandardOutput.write(MessagePrinter(verbosity: verbosity).text(bytes))
  }
}

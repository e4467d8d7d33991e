import Host
import OpenFlow

/// Reads flows from the command line and from files.
///
/// The names of a bridge's ports are asked for only if a text cannot be read without them.
struct FlowText {
  private let settings: Settings
  private let bridge: String?
  private var parser = FlowParser()
  private var hasNames = false

  init(_ settings: Settings, bridge: String?) {
    self.settings = settings
    // Where names are not to be shown, they are not understood either.
    self.bridge = settings.showsNames == false ? nil : bridge
  }

  /// Reads one flow; ends the program if it is wrong.
  mutating func flow(_ text: String, _ command: FlowCommand) -> ParsedFlow {
    read { (parser) throws(FlowTextError) in try parser.flow(text, command) }
  }

  /// Reads the match of a request for flows.
  mutating func request(_ text: String) -> ParsedFlow {
    read { (parser) throws(FlowTextError) in try parser.request(text) }
  }

  /// Reads actions.
  mutating func actions(_ text: String) -> [Action] {
    read { (parser) throws(FlowTextError) in try parser.actions(text) }
  }

  /// The number of a port.
  mutating func port(_ text: String) -> OpenFlowPortNumber? {
    if let port = parser.names.port(text) { return port }
    learnNames()
    return parser.names.port(text)
  }

  private mutating func learnNames() {
    guard let bridge, !hasNames else { return }
    hasNames = true
    parser.names = BridgeNames(bridge, settings).all()
  }

  /// Reads a text; ends the program if it is wrong.
  mutating func read<Value>(
    prefix: String = "", _ body: (FlowParser) throws(FlowTextError) -> Value
  ) -> Value {
    do throws(FlowTextError) {
      return try body(parser)
    } catch {
      guard !hasNames, bridge != nil else { settings.fail(prefix + error.message) }
      learnNames()
      return read(prefix: prefix, body)
    }
  }

  /// Reads a file of flows, or the standard input for `-`.
  mutating func file(_ path: String, _ command: FlowCommand) -> [ParsedFlow] {
    var flows: [ParsedFlow] = []
    for (prefix, line) in numberedLines(path) {
      flows.append(
        read(prefix: prefix) { (parser) throws(FlowTextError) in try parser.line(line, otherwise: command) })
    }
    return flows
  }

  /// The lines of a file that say something, without comments, each with what an error about it begins with.
  func numberedLines(_ path: String) -> [(prefix: String, text: ArraySlice<UInt8>)] {
    var lines: [(prefix: String, text: ArraySlice<UInt8>)] = []
    for (index, line) in Self.lines(path, settings).enumerated() {
      if let text = Self.withoutComment(line) { lines.append(("\(path):\(index + 1): ", text)) }
    }
    return lines
  }

  private static func lines(_ path: String, _ settings: Settings) -> [ArraySlice<UInt8>] {
    do throws(SystemError) {
      let isStandardInput = path.utf8.elementsEqual("-".utf8)
      let bytes = isStandardInput ? try StandardInput.readWhole() : try Files.read(path)
      return bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
    } catch {
      settings.fail("\(path): open failed (\(error.message))")
    }
  }

  /// A line without its comment; nil if nothing but space is left.
  private static func withoutComment(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let end = line.firstIndex(of: UInt8(ascii: "#")) ?? line.endIndex
    let text = line[line.startIndex..<end]
    return text.contains { $0 != 0x20 && !(0x09...0x0d).contains($0) } ? text : nil
  }
}

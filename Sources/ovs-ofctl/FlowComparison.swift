import Datapath
import Host
import OpenFlow

/// `replace-flows` and `diff-flows`: two sets of flows side by side.
struct FlowComparison {
  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  /// What tells one flow from another.
  private struct Key: Hashable {
    let table: UInt8
    let priority: UInt16
    let match: Match

    static func == (left: Key, right: Key) -> Bool {
      left.table == right.table && left.priority == right.priority && left.match == right.match
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(table)
      hasher.combine(priority)
      for index in 0..<FlowKey.wordCount where match.mask.words[index] != 0 {
        hasher.combine(match.key.words[index])
      }
    }
  }

  /// A flow of one source, in the order it was found there.
  private typealias Flows = [(key: Key, flow: FlowMod)]

  // MARK: Sources

  private func fromFile(_ path: String, _ usable: inout FlowFormats, bridge: String?) -> Flows {
    var text = FlowText(settings, bridge: bridge)
    return text.file(path, .add).map { parsed in
      usable.formIntersection(parsed.formats)
      let flow = parsed.change
      return (Key(table: flow.table ?? 0, priority: flow.priority, match: flow.match), flow)
    }
  }

  private func fromSwitch(_ connection: SwitchConnection, _ form: WireProtocol) -> Flows {
    connection.flows(FlowStatisticsRequest(), form, settings).map { flow in
      var change = FlowMod(.add, table: flow.table, match: flow.match)
      change.priority = flow.priority
      change.newCookie = flow.cookie
      change.idleTimeoutSeconds = flow.idleTimeoutSeconds
      change.hardTimeoutSeconds = flow.hardTimeoutSeconds
      change.importance = flow.importance
      change.flags = flow.flags
      change.actions = flow.actions
      return (Key(table: flow.table, priority: flow.priority, match: flow.match), change)
    }
  }

  private func isSame(_ left: FlowMod, _ right: FlowMod) -> Bool {
    left.newCookie == right.newCookie && left.idleTimeoutSeconds == right.idleTimeoutSeconds
      && left.hardTimeoutSeconds == right.hardTimeoutSeconds && left.importance == right.importance
      && left.actions == right.actions
  }

  /// The last flow of each key, and the keys in order.
  private func index(_ flows: Flows) -> (flows: [Key: FlowMod], order: [Key]) {
    var index: [Key: FlowMod] = [:]
    var order: [Key] = []
    for (key, flow) in flows where index.updateValue(flow, forKey: key) == nil { order.append(key) }
    return (index, order)
  }

  // MARK: Commands

  /// Brings a switch to hold the flows of a file and no others.
  func replace(_ name: String, _ path: String) {
    var usable = FlowFormats.any
    let wanted = index(fromFile(path, &usable, bridge: name))
    settings.requireFormat(usable)
    let connection = SwitchConnection(name, settings)
    let format = connection.chooseDumpFormat(for: usable, settings)
    let present = index(fromSwitch(connection, format.form))
    var changes: [FlowMod] = []
    for key in present.order where wanted.flows[key] == nil {
      var change = FlowMod(.deleteStrict, table: key.table, match: key.match)
      change.priority = key.priority
      changes.append(change)
    }
    for key in wanted.order {
      guard let flow = wanted.flows[key] else { continue }
      if !settings.addsAgain, let old = present.flows[key], isSame(flow, old) { continue }
      var change = flow
      change.table = key.table
      changes.append(change)
    }
    if settings.usesBundle {
      connection.close()
      return BundleSender(settings).send(
        changes.map { .flowModification($0) }, usable.intersection(.openFlow13Up), to: name)
    }
    var form = format
    if form == .nxm || form == .openFlow10, changes.contains(where: { $0.table != 0 }) {
      // Flows outside table 0 need the table's number in the message.
      form = connection.chooseFormat(for: usable.intersection(.withTable), settings)
    }
    FlowCommands.send(changes, form, connection, settings)
  }

  /// Prints how the flows of two sources, switches or files, differ; exits with status 2 if they do.
  func compare(_ first: String, _ second: String) {
    var usable = FlowFormats.any
    let left = index(source(first, &usable))
    let right = index(source(second, &usable))
    var keys = left.order
    keys += right.order.filter { left.flows[$0] == nil }
    keys.sort { FlowComparison.comesBefore($0, $1) }
    var differs = false
    var output = ""
    for key in keys {
      let leftFlow = left.flows[key]
      let rightFlow = right.flows[key]
      if let leftFlow, let rightFlow, isSame(leftFlow, rightFlow) { continue }
      differs = true
      if let leftFlow { output += line("-", key, leftFlow) }
      if let rightFlow { output += line("+", key, rightFlow) }
    }
    StandardOutput.write(output)
    if differs { Process.exit(2) }
  }

  private static func comesBefore(_ left: Key, _ right: Key) -> Bool {
    if left.table != right.table { return left.table < right.table }
    return left.priority > right.priority
  }

  /// The flows of a file or, if there is no such file, of a switch.
  private func source(_ name: String, _ usable: inout FlowFormats) -> Flows {
    if name.utf8.elementsEqual("-".utf8) || Files.kind(name) == .regular {
      return fromFile(name, &usable, bridge: nil)
    }
    let connection = SwitchConnection(name, settings)
    let format = connection.chooseDumpFormat(for: usable, settings)
    return fromSwitch(connection, format.form)
  }

  private func line(_ sign: String, _ key: Key, _ flow: FlowMod) -> String {
    var text = sign
    if key.table != 0 { text += "table=\(key.table) " }
    text += key.match.text(priority: key.priority)
    if flow.newCookie != 0 { text += " cookie=0x" + String(flow.newCookie, radix: 16) }
    if flow.idleTimeoutSeconds != 0 { text += " idle_timeout=\(flow.idleTimeoutSeconds)" }
    if flow.hardTimeoutSeconds != 0 { text += " hard_timeout=\(flow.hardTimeoutSeconds)" }
    if flow.importance != 0 { text += " importance=\(flow.importance)" }
    return text + " actions=" + Action.text(flow.actions) + "\n"
  }
}

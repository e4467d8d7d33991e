import Host
import OpenFlow

/// Commands that ask for flows.
struct FlowDumpCommands {
  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  /// Reads the request of the command line, and opens a connection in a form that can carry it.
  private func open(_ arguments: [String]) -> (SwitchConnection, FlowStatisticsRequest, WireProtocol) {
    var text = FlowText(settings, bridge: arguments[0])
    let parsed = text.request(arguments.count > 1 ? arguments[1] : "")
    // A request always names its table, whatever changes of flows can.
    var usable = parsed.formats
    if usable.contains(.nxmWithTable) { usable.insert(.nxm) }
    if usable.contains(.openFlow10WithTable) { usable.insert(.openFlow10) }
    settings.requireFormat(usable)
    let connection = SwitchConnection(arguments[0], settings)
    let format = connection.chooseDumpFormat(for: usable, settings)
    return (connection, FlowStatisticsRequest(parsed.change), format.form)
  }

  /// Prints flows, as the switch sends them or sorted.
  func dumpFlows(_ arguments: [String]) {
    let (connection, request, form) = open(arguments)
    let isPlain = settings.sortCriteria.isEmpty && !settings.namesAreShown && settings.showsStatistics
    guard isPlain else { return dumpSorted(connection, request, form) }
    let printer = MessagePrinter(verbosity: settings.verbosity + 1)
    connection.transactMultipart(.flowStatisticsRequest(request), form) {
      StandardOutput.write(printer.text($0))
    }
  }

  private func dumpSorted(
    _ connection: SwitchConnection, _ request: FlowStatisticsRequest, _ form: WireProtocol
  ) {
    var flows = connection.flows(request, form, settings)
    let names = settings.namesAreShown ? BridgeNames(connection.name, settings).all() : FlowNames()
    let criteria = settings.sortCriteria
    if !criteria.isEmpty {
      let order = flows.indices.sorted { left, right in
        for criterion in criteria {
          let result = criterion.compare(flows[left], flows[right])
          if result != 0 { return result < 0 }
        }
        return left < right
      }
      flows = order.map { flows[$0] }
    }
    var output: [UInt8] = []
    for var flow in flows {
      // Ages are left out where flows are printed one by one.
      flow.idleAgeSeconds = nil
      flow.hardAgeSeconds = nil
      flow.write(showsStatistics: settings.showsStatistics, names: names, to: &output)
      output.append(0x0a)
    }
    StandardOutput.write(String(decoding: output, as: UTF8.self))
  }

  /// Prints the sum of flows' counters.
  func dumpAggregate(_ arguments: [String]) {
    let (connection, request, form) = open(arguments)
    let printer = MessagePrinter(verbosity: settings.verbosity + 1)
    connection.transactMultipart(.aggregateStatisticsRequest(request), form) {
      StandardOutput.write(printer.text($0))
    }
  }
}

extension FlowStatisticsRequest {
  /// Asks for the flows that a deletion would delete.
  init(_ change: FlowMod) {
    self.init(
      table: change.table, match: change.match, cookie: change.cookie, cookieMask: change.cookieMask,
      outPort: change.outPort, outGroup: change.outGroup)
  }
}

extension SwitchConnection {
  /// The flows that a request asks for.
  func flows(
    _ request: FlowStatisticsRequest, _ form: WireProtocol, _ settings: Settings
  ) -> [FlowDescription] {
    var flows: [FlowDescription] = []
    transactMultipart(.flowStatisticsRequest(request), form) { bytes in
      do throws(OpenFlowError) {
        guard case .flowStatisticsReply(let part, _) = try Message.decode(bytes).message else {
          failIfAny([bytes], settings)
          return
        }
        flows += part
      } catch {
        settings.fail("\(name): received bad reply: \(error.name)")
      }
    }
    return flows
  }
}

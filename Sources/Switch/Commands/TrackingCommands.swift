import Datapath

/// `dpctl/…` about connection tracking; what they ask and print is `TrackingCommand`'s.
enum TrackingCommands {
  static let all: [SwitchCommand] = TrackingCommand.all.map { command in
    SwitchCommand("dpctl/" + command.name, command.usage, command.minimum, command.maximum) { call in
      run(command, call)
    }
  }

  @Sendable private static func run(_ command: TrackingCommand, _ call: CommandCall) {
    let datapaths = call.host.openDatapaths
    do throws(TrackingCommandError) {
      let (name, question) = try command.question(call.arguments, datapaths: datapaths.map { $0.fullName })
      guard let link = datapaths.first(where: { $0.fullName.utf8.elementsEqual(name.utf8) }) else { return }
      if case .limit(let command, _) = question.message, command != .get,
        link.desiredTracking?.hasLimits == true
      {
        let hint = command == .set ? "set-zone-limit" : "del-zone-limit"
        call.fail(
          DatapathCommands.prefix
            + "the zone limits are set via database, use 'ovs-vsctl \(hint) <...>' instead."
            + " (Operation not permitted)")
        return
      }
      call.ask(.tracking(question.message), link, flags: question.flags, .tracking(question))
    } catch {
      call.fail(error.text(prefix: DatapathCommands.prefix))
    }
  }
}

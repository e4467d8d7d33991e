// The commands of `ovs-appctl`, apart from those that every daemon has.

extension VirtualSwitch {
  /// Runs a user's command and answers it.
  func command(_ id: CommandID, _ name: String, _ arguments: [String]) {
    context.turn.emit(.reply(id, .failure("\"\(name)\" is not a valid command")))
  }
}

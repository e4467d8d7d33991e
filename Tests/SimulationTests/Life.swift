import Datapath
import OpenFlow

@testable import Switch

/// One life of a simulated host: things happen, everything becomes quiet, is looked over, and is deleted.
final class Life {
  let world: World
  /// What happened, for who has to understand a failure.
  private(set) var story: [String] = []

  init(seed: UInt64) throws { world = try World(seed: seed) }

  /// How many things happen in a life.
  private static let actionCounts = [10, 20, 40, 60, 60, 120]

  /// Lives.
  func run() throws {
    let actionCount = world.chance.pick(Self.actionCounts)
    try world.run(milliseconds: 100)
    let actions = Actions(world: world)
    for _ in 0..<actionCount {
      tell(try actions.next())
      world.remains.note(world.virtualSwitch)
      try world.run(milliseconds: Int64(world.chance.pick([0, 0, 1, 10, 50, 300])))
    }
    try becomeQuiet()
    try lookOver()
    if world.chance.percent(25) { try restart() }
    try compareWithModel()
    try end()
  }

  private func tell(_ what: String) { story.append("\(world.now): \(what)") }

  private func becomeQuiet() throws {
    tell("quiet")
    try Faults(world: world).end()
    try world.run(milliseconds: 25_000)
    try Invariants.checkPorts(world)
    try Invariants.checkStatus(world)
  }

  /// Looks at the datapaths' flows while hosts send and the configuration changes.
  private func lookOver() throws {
    for _ in 0..<2 {
      sendRecentFrames()
      try world.run(milliseconds: 100)
      tell("change")
      if world.chance.percent(50) {
        Administration(world: world).doSomething()
      } else if let address = world.listeners.first(where: { $0.address.hasSuffix(".mgmt") })?.address {
        let tool = ControllerPeer(.polite, version: .v13)
        let talk = OpenFlowTalk(world: world)
        for _ in 0..<5 { tool.pending.append(.flowModification(talk.flowMod())) }
        try world.connect(tool, to: address)
      }
      try world.run(milliseconds: 3000)
      sendRecentFrames()
      try world.run(milliseconds: 2000)
      try Invariants.checkMegaflows(world)
      try Invariants.checkAges(world)
      try BundleCheck(world: world).run()
    }
  }

  private func sendRecentFrames() {
    for sent in world.recentFrames.suffix(12) { world.sendFrame(sent.frame, port: sent.port) }
    let ports = world.datapaths.running.flatMap { $0.engine.ports(world.now) }
    for port in ports.prefix(6) {
      let host = world.chance.number(0...Actions.hostCount - 1)
      world.sendFrame(
        Frame.random(&world.chance, from: host, hostCount: Actions.hostCount).bytes, port: port.name)
    }
  }

  /// A daemon that begins again finds the ports' numbers in the database.
  private func restart() throws {
    tell("restart")
    try becomeQuiet()
    let before = numbers
    let someAskForOthers = asksForOthersNumber
    world.restartSwitch()
    try becomeQuiet()
    // Who asks for a number that another has may get it now.
    guard someAskForOthers || before == numbers else {
      throw Violation("the ports had the numbers \(before), and have \(numbers) after a restart")
    }
  }

  private var asksForOthersNumber: Bool {
    world.database.rows("Interface").contains { row in
      row.integer("ofport_request").map { $0 != row.integer("ofport") } ?? false
    }
  }

  private var numbers: [String] {
    world.database.rows("Interface").compactMap { row in
      guard let number = row.integer("ofport"), number > 0 else { return nil }
      return "\(row.text("name") ?? "") \(number)"
    }.sorted()
  }

  // MARK: the model

  private func compareWithModel() throws {
    tell("model")
    try Comparison(world: world).run()
  }

  // MARK: the end

  private func end() throws {
    tell("end")
    world.remains.note(world.virtualSwitch)
    Administration(world: world).deleteEverything()
    try world.run(milliseconds: 70_000)
    // Counters are asked for now and then; the answer may just be under way.
    for _ in 0..<20 where world.datapathMessageCount > 0 { try world.run(milliseconds: 5) }
    try Invariants.checkNothingIsLeft(world)
    guard world.remains.names.isEmpty else { throw Violation("still in memory: \(world.remains.names)") }
  }
}

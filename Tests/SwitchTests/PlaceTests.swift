import Datapath
import OpenFlow
import PacketWire
import Testing

@testable import Switch

/// A way to leave the pipeline and return to it.
enum Detour: CaseIterable {
  case clone, patch, tunnel
}

/// A pipeline of table 5 in which a rule makes a detour and then does whatever shows where and what the packet is.
///
/// On the detour every member of `Place` changes: the headers, metadata, the stack (to over its limit), the action set, the
/// table, the rule, the bridge, and then everything ends with `exit`.
private struct Circuit {
  let course: Course
  static let stackLimitPushes = Translator.maximumStackByteCount / 9 + 1

  init(_ detour: Detour?) throws {
    course = try tunnelCourse(.vxlan)
    course.environment.neighbors.learn(
      .init(bridge: "br-phy", address: v4(2)), MACAddress(0x0200_0000_0b02), now: 0)
    course.add(course.inner, "to-phy", OpenFlowPortNumber(3), nil, .patch(peer: "to-int"))
    course.add(course.outer, "to-int", OpenFlowPortNumber(3), nil, .patch(peer: "to-phy"))
    course.add(course.inner, "p7", OpenFlowPortNumber(7), 7)
    course.add(course.inner, "p8", OpenFlowPortNumber(8), 8)
    course.add(course.outer, "eth8", OpenFlowPortNumber(8), 88)

    // What is changed along the way, by the detour's actions or by rules of the other bridge.
    let pushes = [Action](repeating: .stackPush(Subfield(.metadata)), count: Self.stackLimitPushes)
    let changes: [Action] =
      [
        .setIPTTL(9), .writeMetadata(9, mask: .max), .writeActions([.output(OpenFlowPortNumber(8))]),
        .resubmit(ResubmitAction(port: .inPort, table: 9)),
      ] + pushes + [.exit]
    for bridge in [course.inner, course.outer] {
      try course.rule(bridge, table: 9, cookie: 99, [], [.writeMetadata(10, mask: .max)])
    }
    try course.rule(course.outer, cookie: 98, [], changes)

    var actions: [Action] = [
      .writeMetadata(5, mask: .max), .stackPush(Subfield(.metadata)),
      .writeActions([.output(OpenFlowPortNumber(7))]),
    ]
    switch detour {
    case .clone?: actions.append(.clone(changes))
    case .patch?: actions.append(.output(OpenFlowPortNumber(3)))
    case .tunnel?: actions.append(.output(OpenFlowPortNumber(2)))
    case nil: break
    }
    // What shows the place: bridge, table, cookie and metadata in what the controller hears; the rule by its timeout; the
    // table by a resubmit that names none; the stack by what is popped; whether addresses are learned by NORMAL; the set by the last output.
    var controller = ControllerAction()
    controller.controller = 3
    actions += [
      .controller(controller), .finTimeout(idleSeconds: 1, hardSeconds: 1),
      .stackPop(Subfield(.metadata)), .controller(controller),
      .resubmit(ResubmitAction(port: OpenFlowPortNumber(21), table: nil)), .output(.normal),
    ]
    try course.rule(course.inner, table: 5, cookie: 55, [(.inPortOXM, 1)], actions)
    try course.rule(course.inner, table: 5, cookie: 56, [(.inPortOXM, 21)], [.controller(controller)])
    try course.rule(
      course.inner, priority: 0xffff, [(.inPortOXM, 1)], [.resubmit(ResubmitAction(port: .inPort, table: 5))])
  }

  /// What comes of a packet.
  struct Outcome {
    var actions: [DatapathAction]
    /// The cookies of rules that end with the connection.
    var finished: [UInt64]
    /// How many addresses are learned.
    var learnedCount: Int
    var trace: String
    var failure: TranslationFailure?
  }

  func outcome() -> Outcome {
    let trace = TraceNode(.bridge, "")
    let translation = course.translate(course.inner, tcpKey(), trace: trace)
    var finished: [UInt64] = []
    var learned = 0
    for case .address in translation.credits { learned += 1 }
    for case .finished(let rule, let bridge, _, _) in translation.credits where bridge === course.inner {
      finished.append(rule.cookie)
    }
    var text = ""
    trace.render(into: &text)
    return Outcome(
      actions: translation.actions, finished: finished, learnedCount: learned, trace: text,
      failure: translation.failure)
  }
}

@Test(arguments: Detour.allCases)
func `behind a detour everything is as before it`(_ detour: Detour) throws {
  let straight = try Circuit(nil).outcome()
  let circuit = try Circuit(detour)
  let around = circuit.outcome()
  #expect(straight.failure == nil && around.failure == nil)
  #expect(straight.finished == [55] && around.finished == [55])
  // The detour's own actions come first, and what is changed back; then the same as without it.
  #expect(straight.learnedCount == 1 && around.learnedCount == 1)
  #expect(around.actions.suffix(straight.actions.count).elementsEqual(straight.actions))
  // The steps after it stand where they would without it: at the same depth, in the same tree.
  let tail = straight.trace.lines(from: "controller(id=3)")
  #expect(tail.count > 5)
  #expect(around.trace.lines(from: "controller(id=3)") == tail)
  if detour != .clone {
    let entered = try #require(around.trace.lines(from: "bridge(\"br-phy\")").first)
    #expect(entered.prefix { $0 == " " }.count >= tail[0].prefix { $0 == " " }.count)
  }
}

@Test(arguments: [Detour.patch, .tunnel])
func `many detours in turn are not deeper than one`(_ detour: Detour) throws {
  let course = try tunnelCourse(.vxlan)
  course.environment.neighbors.learn(
    .init(bridge: "br-phy", address: v4(2)), MACAddress(0x0200_0000_0b02), now: 0)
  course.add(course.inner, "to-phy", OpenFlowPortNumber(3), nil, .patch(peer: "to-int"))
  course.add(course.outer, "to-int", OpenFlowPortNumber(3), nil, .patch(peer: "to-phy"))
  let port = OpenFlowPortNumber(detour == .patch ? 3 : 2)
  let translation = course.translate(
    course.inner, tcpKey(), actions: [Action](repeating: .output(port), count: Translator.maximumDepth + 1))
  #expect(translation.failure == nil)
}

@Test func `a stack counts what its values take, and takes it back with them`() {
  var stack = FieldStack()
  stack.push(1, bitCount: 32)
  stack.push(2, bitCount: 9)
  #expect(stack.byteCount == 5 + 3)
  #expect(stack.pop() == 2)
  #expect(stack.byteCount == 5)
  #expect(stack.pop() == 1)
  #expect(stack.byteCount == 0)
  #expect(stack.pop() == nil)
}

extension String {
  /// The lines from the first that has a text in it.
  fileprivate func lines(from text: String) -> [Substring] {
    let lines = split(separator: "\n")
    guard let first = lines.firstIndex(where: { $0.contains(text) }) else { return [] }
    return Array(lines[first...])
  }
}

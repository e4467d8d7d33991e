import TestSupport
import Testing

@testable import Extension

private let id = SwitchID(rawValue: 0)

private func text(_ number: UInt32) -> [UInt8] { Array("name\(number)".utf8) }

/// A switch that is asked for its ports and adapters while its requests pass.
private struct Play {
  struct Adapter: Equatable {
    var name: UInt32
    var isConnected = false
  }
  struct Port: Equatable {
    var name: UInt32
    var isTornDown = false
    var adapters: [UInt16: Adapter] = [:]
  }
  enum Operation {
    case createPort, renamePort, tearDownPort, deletePort, createAdapter, renameAdapter, connect, disconnect,
      deleteAdapter
  }
  /// A request on its way: the driver has seen it, the switch has done it, in either order; then the driver sees its end.
  struct Request {
    var operation: Operation
    var port: UInt32
    var index: UInt16
    var name: UInt32
    var fails: Bool
    var isSeen = false
    var isDone = false
  }
  enum Lesson {
    case none, asked, ports([(UInt32, Port)]), portsRead, adapters([(UInt32, Port)])
  }

  var random: SeededRandom
  var model = SwitchModel()
  var truth: [UInt32: Port] = [:]
  var requests: [Request] = []
  var lesson = Lesson.none
  var attempt = 0
  var isUnsure = false
  var isLearnt = false
  let maximumAttemptCount: Int
  var names: UInt32 = 0

  init(seed: UInt64, maximumAttemptCount: Int) {
    random = SeededRandom(seed: seed)
    self.maximumAttemptCount = maximumAttemptCount
    _ = model.perform(.attach(id))
    for number in UInt32(1)...4 where choose(2) == 0 {
      let port = Port(name: newName())
      truth[number] = port
      for index in UInt16(0)...1 where choose(2) == 0 {
        let adapter = Adapter(name: newName(), isConnected: choose(2) == 0)
        truth[number]?.adapters[index] = adapter
      }
    }
  }

  mutating func choose(_ count: Int) -> Int { Int(random.byte()) % count }

  mutating func newName() -> UInt32 {
    names += 1
    return names
  }

  // MARK: Requests

  /// A request that Hyper-V may make now.
  mutating func newRequest() -> Request? {
    let number = UInt32(1 + choose(4))
    let index = UInt16(choose(2))
    guard !requests.contains(where: { $0.port == number }) else { return nil }
    var operation = Operation.createPort
    if let port = truth[number] {
      if port.isTornDown {
        operation = .deletePort
      } else if let adapter = port.adapters[index] {
        let others: [Operation] = adapter.isConnected ? [.disconnect] : [.connect, .deleteAdapter]
        operation = choose(4) == 0 ? .renameAdapter : others[choose(others.count)]
      } else {
        let others: [Operation] = port.adapters.isEmpty ? [.createAdapter, .tearDownPort] : [.createAdapter]
        operation = choose(4) == 0 ? .renamePort : others[choose(others.count)]
      }
    }
    let mayFail = operation == .createPort || operation == .createAdapter
    return Request(
      operation: operation, port: number, index: index, name: newName(), fails: mayFail && choose(4) == 0)
  }

  /// What the switch does; if a making fails, it had been there for a while in some lists.
  mutating func perform(_ request: Request, isUndone: Bool = false) {
    let (port, index) = (request.port, request.index)
    switch request.operation {
    case .createPort: truth[port] = isUndone ? nil : Port(name: request.name)
    case .renamePort: truth[port]?.name = request.name
    case .tearDownPort: truth[port]?.isTornDown = true
    case .deletePort: truth[port] = nil
    case .createAdapter: truth[port]?.adapters[index] = isUndone ? nil : Adapter(name: request.name)
    case .renameAdapter: truth[port]?.adapters[index]?.name = request.name
    case .connect: truth[port]?.adapters[index]?.isConnected = !isUndone
    case .disconnect: truth[port]?.adapters[index]?.isConnected = false
    case .deleteAdapter: truth[port]?.adapters[index] = nil
    }
  }

  private func key(_ request: Request) -> AdapterKey {
    AdapterKey(id, SwitchPortID(rawValue: request.port), SwitchNICIndex(rawValue: request.index))
  }

  private func description(_ name: UInt32) -> SwitchAdapter {
    SwitchAdapter(kind: .internal, name: text(name))
  }

  mutating func note(_ request: Request, _ fate: RequestFate, isOver: Bool) {
    var index: SwitchNICIndex? = SwitchNICIndex(rawValue: request.index)
    switch request.operation {
    case .createPort, .renamePort, .tearDownPort, .deletePort: index = nil
    default: break
    }
    model.noteRequest(id, SwitchPortID(rawValue: request.port), index, fate, isOver: isOver)
  }

  /// The driver sees a request, as it does in Oids.c.
  mutating func see(_ request: Request) {
    let port = SwitchPortID(rawValue: request.port)
    switch request.operation {
    case .createPort, .createAdapter, .connect, .disconnect: note(request, .present, isOver: false)
    case .renamePort, .renameAdapter: note(request, .unsaid, isOver: false)
    case .tearDownPort, .deletePort, .deleteAdapter: note(request, .gone, isOver: false)
    }
    switch request.operation {
    case .createPort:
      _ = model.perform(.createPort(id, port, SwitchPort(kind: .internal, name: text(request.name))))
    case .createAdapter: _ = model.perform(.createAdapter(key(request), description(request.name)))
    case .renameAdapter: _ = model.perform(.updateAdapter(key(request), description(request.name)))
    case .tearDownPort: _ = model.perform(.tearDownPort(id, port))
    case .deletePort: _ = model.perform(.deletePort(id, port))
    case .disconnect: _ = model.perform(.disconnectAdapter(key(request)))
    case .deleteAdapter: _ = model.perform(.deleteAdapter(key(request)))
    case .renamePort, .connect: break
    }
  }

  mutating func conclude(_ request: Request) {
    let port = SwitchPortID(rawValue: request.port)
    switch request.operation {
    case .createPort:
      if request.fails { _ = model.perform(.undoPort(id, port)) }
      note(request, request.fails ? .gone : .present, isOver: true)
    case .createAdapter:
      if request.fails { _ = model.perform(.undoAdapter(key(request))) }
      note(request, request.fails ? .gone : .present, isOver: true)
    case .connect:
      if !request.fails { _ = model.perform(.connectAdapter(key(request))) }
      note(request, request.fails ? .present : .connected, isOver: true)
    case .renamePort:
      _ = model.perform(.updatePort(id, port, name: text(request.name)))
      note(request, .unsaid, isOver: true)
    case .renameAdapter: note(request, .unsaid, isOver: true)
    case .disconnect: note(request, .present, isOver: true)
    case .tearDownPort, .deletePort, .deleteAdapter: note(request, .gone, isOver: true)
    }
  }

  mutating func stepRequest(mayBegin: Bool) {
    if mayBegin, requests.isEmpty || choose(4) == 0 {
      if let request = newRequest() { requests.append(request) }
      return
    }
    guard !requests.isEmpty else { return }
    let place = choose(requests.count)
    var request = requests[place]
    if !request.isSeen, request.isDone || choose(3) != 0 || request.operation == .renamePort {
      see(request)
      request.isSeen = true
    } else if !request.isDone {
      perform(request)
      request.isDone = true
    } else {
      if request.fails { perform(request, isUndone: true) }
      conclude(request)
      requests.remove(at: place)
      return
    }
    requests[place] = request
  }

  // MARK: The driver learns, as it does in Filter.c

  mutating func stepLesson() {
    let listed = truth.filter { !$0.value.isTornDown }.map { ($0.key, $0.value) }
    let isLast = attempt == maximumAttemptCount
    switch lesson {
    case .none:
      guard !isLearnt else { return }
      attempt += 1
      isUnsure = false
      model.setLearning(id, true)
      lesson = .asked
    case .asked: lesson = .ports(listed)
    case .ports(var rest):
      guard let (number, port) = rest.popLast() else {
        lesson = .portsRead
        return
      }
      lesson = .ports(rest)
      let key = SwitchPortID(rawValue: number)
      let belief = model.believe(id, key, nil, isConnected: false, isLast: isLast)
      if belief == .unsure { isUnsure = true }
      if belief == .present {
        _ = model.perform(.learnPort(id, key, SwitchPort(kind: .internal, name: text(port.name))))
      }
    case .portsRead: lesson = .adapters(listed)
    case .adapters(var rest):
      guard let (number, port) = rest.popLast() else {
        lesson = .none
        isLearnt = isLast || !isUnsure
        if isLearnt { model.setLearning(id, false) }
        return
      }
      lesson = .adapters(rest)
      for (index, adapter) in port.adapters {
        let key = AdapterKey(id, SwitchPortID(rawValue: number), SwitchNICIndex(rawValue: index))
        let belief = model.believe(
          id, key.port, key.index, isConnected: adapter.isConnected, isLast: isLast)
        switch belief {
        case .unsure: isUnsure = true
        case .gone: break
        case .present, .connected:
          let event = SwitchEvent.learnAdapter(
            key, description(adapter.name), isConnected: belief == .connected)
          _ = model.perform(event)
        }
      }
    }
  }

  // MARK: What came of it

  /// What the model knows, in the terms of the truth.
  func known(withNames: Bool) -> [UInt32: String] {
    var result: [UInt32: String] = [:]
    for (number, port) in model.switches[id]?.ports ?? [:] where port.state == .created {
      var words = [withNames ? String(decoding: port.name, as: UTF8.self) : "port"]
      for index in port.adapters.sorted(by: { $0.rawValue < $1.rawValue }) {
        guard let adapter = model.switches[id]?.adapter(number, index) else { continue }
        let name = withNames ? String(decoding: adapter.name, as: UTF8.self) : "adapter"
        words.append("\(index.rawValue) \(name) \(adapter.state == .connected)")
      }
      result[number.rawValue] = words.joined(separator: ", ")
    }
    return result
  }

  func expected(withNames: Bool) -> [UInt32: String] {
    var result: [UInt32: String] = [:]
    for (number, port) in truth where !port.isTornDown {
      var words = [withNames ? "name\(port.name)" : "port"]
      for (index, adapter) in port.adapters.sorted(by: { $0.key < $1.key }) {
        words.append("\(index) \(withNames ? "name\(adapter.name)" : "adapter") \(adapter.isConnected)")
      }
      result[number] = words.joined(separator: ", ")
    }
    return result
  }

  /// Adapters that are known in a better state than they have.
  var ghosts: [String] {
    var result: [String] = []
    for (number, port) in model.switches[id]?.ports ?? [:] where port.state == .created {
      for index in port.adapters {
        let known = model.switches[id]?.adapter(number, index)
        let real = truth[number.rawValue]?.adapters[index.rawValue]
        if real == nil || (known?.state == .connected && real?.isConnected == false) {
          result.append("\(number.rawValue)/\(index.rawValue)")
        }
      }
    }
    return result
  }

  mutating func run(length: Int) {
    stepLesson()
    for _ in 0..<length {
      if choose(2) == 0 { stepRequest(mayBegin: true) } else { stepLesson() }
    }
    while !isLearnt || !requests.isEmpty {
      if choose(2) == 0 { stepRequest(mayBegin: false) } else { stepLesson() }
    }
  }
}

@Suite struct LearningTests {
  @Test func `whatever passes while a switch is asked, the driver knows in the end what is true`() {
    for run in UInt64(1)...4_000 {
      let seed = run &* 0x9e37_79b9_7f4a_7c15
      var play = Play(seed: seed, maximumAttemptCount: 1_000)
      play.run(length: 20 + Int(run % 60))
      #expect(play.known(withNames: true) == play.expected(withNames: true), "seed \(seed)")
    }
  }

  @Test func `if the requests never end, nothing is known for ever that has gone`() {
    var merged: UInt64 = 0
    for run in UInt64(1)...4_000 {
      let seed = run &* 0x9e37_79b9_7f4a_7c15
      var play = Play(seed: seed, maximumAttemptCount: 1 + Int(run % 2))
      play.run(length: 20 + Int(run % 60))
      #expect(play.ghosts.isEmpty, "seed \(seed)")
      merged += play.model.switches[id]?.learning.mergedCount ?? 0
    }
    #expect(merged > 100)
  }

  @Test func `more requests than can be noted make a list be asked for again`() {
    var learning = Learning()
    learning.begin()
    for number in 0...UInt32(Learning.maximumTouchedCount) {
      learning.note(SwitchPortID(rawValue: 100 + number), nil, .present, isOver: false)
    }
    let port = SwitchPortID(rawValue: 1)
    #expect(learning.believe(port, nil, isConnected: false, isLast: false) == .unsure)
    #expect(learning.believe(port, nil, isConnected: false, isLast: true) == .present)
    for number in 0...UInt32(Learning.maximumTouchedCount) {
      learning.note(SwitchPortID(rawValue: 100 + number), nil, .present, isOver: true)
    }
    learning.begin()
    #expect(learning.believe(port, nil, isConnected: false, isLast: false) == .present)
  }
}

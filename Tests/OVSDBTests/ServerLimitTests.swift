import Glibc
import JSON
import Testing

@testable import OVSDB

@Suite struct ServerLimitTests {
  typealias Bench = ServerTests.Bench

  @Test("no more clients are let in than there may be, and one that goes makes room")
  func sessions() throws {
    let bench = try Bench()
    let first = try bench.open()
    for _ in 1..<Server.sessionLimit { _ = try bench.open() }
    #expect(bench.server.open(now: 0) == nil)
    #expect(bench.server.refusedSessionCount == 1 && bench.server.sessionCount == Server.sessionLimit)
    bench.server.close(first, now: 0)
    _ = try bench.open()
  }

  @Test("of many monitors of a client that does not read only so much is kept, and others hear all the same")
  func backlog() throws {
    let bench = try Bench()
    let (slow, other) = (try bench.open(), try bench.open())
    bench.server.backlogByteLimit = 100_000
    for number in 0..<100 {
      _ = try bench.send(
        #"{"method":"monitor","params":["D",\#(number),{"A":{"columns":["s"]}}],"id":1}"#, slow)
    }
    _ = try bench.send(#"{"method":"monitor","params":["D",0,{"A":{"columns":["s"]}}],"id":1}"#, other)
    let text = String(repeating: "x", count: 5000)
    let insert = #"{"op":"insert","table":"A","row":{"few":1,"s":"\#(text)"}}"#
    bench.server.receive(
      try JSONParser.parse(#"{"method":"transact","params":["D",\#(insert)],"id":2}"#), from: other, now: 0)
    #expect(bench.server.outgoingByteCount <= 100_000)
    let messages = bench.server.takeOutgoing()
    #expect(messages.map(\.session) == [other, other])
    #expect(bench.server.takeClosing().map(\.session) == [slow] && bench.server.slowSessionCount == 1)
    bench.server.close(slow, now: 0)
    #expect(bench.server.outgoingByteCount == 0)
  }

  @Test("what the caller holds for a client counts, and who reads it is there")
  func held() throws {
    let bench = try Bench()
    let slow = try #require(bench.server.open(now: 0, probeMilliseconds: 5000))
    let other = try bench.open()
    bench.server.backlogByteLimit = 1000
    bench.server.noteHeld(900, for: slow, now: 0)
    bench.server.tick(now: 5000)
    _ = bench.server.takeOutgoing()
    bench.server.noteHeld(800, for: slow, now: 9999)
    bench.server.tick(now: 10_000)
    #expect(bench.server.takeClosing().isEmpty)
    let text = String(repeating: "x", count: 300)
    #expect(try bench.send(#"{"method":"echo","params":["\#(text)"],"id":1}"#, other).count == 1)
    #expect(bench.server.takeClosing().map(\.session) == [slow])
    // One message on its own is never too long.
    let long = String(repeating: "x", count: 3000)
    #expect(try bench.send(#"{"method":"echo","params":["\#(long)"],"id":1}"#, other).count == 1)
    #expect(bench.server.takeClosing().isEmpty)
  }

  @Test("transactions that wait take only so much memory")
  func waitingBytes() throws {
    let bench = try Bench()
    let client = try bench.open()
    let text = String(repeating: "x", count: 10 << 20)
    let wait = #"{"op":"wait","table":"A","where":[],"columns":["s"],"until":"==","rows":[{"s":"\#(text)"}]}"#
    for number in 0..<7 {
      let answers = try bench.transact(wait, client, id: number)
      #expect(answers.joined().contains("resources exhausted") == (number == 6))
    }
    #expect(bench.server.triggerCount == 6)
  }

  @Test("the results of a transaction take only so much memory")
  func results() throws {
    let fixture = try DatabaseFixture()
    let text = String(repeating: "x", count: 1000)
    try fixture.transact(#"{"op":"insert","table":"A","row":{"few":1,"s":"\#(text)"}}"#)
    let select = try JSONParser.parse(#"{"op":"select","table":"A","where":[],"columns":["s"]}"#)
    var context = ExecutionContext()
    context.resultByteLimit = 10_000
    for count in [5, 50] {
      let transaction = Transaction(on: fixture.database)
      guard
        case .finished(let results, let error) = transaction.execute(
          Array(repeating: select, count: count), context)
      else {
        Issue.record("a selection waits")
        return
      }
      #expect(results.count == count && error?.tag == (count == 5 ? nil : "resources exhausted"))
    }
  }

  @Test("transactions of which each sets off the next take no stack for it")
  func chain() throws {
    let bench = try Bench()
    let client = try bench.open()
    let count = 400
    for number in (1...count).reversed() {
      let wait =
        #"{"op":"wait","table":"A","where":[],"columns":["i"],"until":"==","rows":[{"i":\#(number)}]}"#
      let update = #"{"op":"update","table":"A","where":[],"row":{"i":\#(number + 1)}}"#
      #expect(try bench.transact(wait + "," + update, client, id: number).isEmpty)
    }
    let start = try JSONParser.parse(#"{"method":"transact","params":["D",\#(ServerTests.insert)],"id":0}"#)
    let body = StackBody { bench.server.receive(start, from: client, now: 0) }
    body.run(stackByteCount: 256 << 10)
    #expect(bench.server.takeOutgoing().count == count + 1 && bench.server.triggerCount == 0)
  }
}

/// Something to be done on a small stack.
private final class StackBody {
  private let body: () -> Void

  init(_ body: @escaping () -> Void) { self.body = body }

  func run(stackByteCount: Int) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, stackByteCount)
    var thread = pthread_t()
    // SAFETY: this object lives until the thread, for which it waits, has ended.
    pthread_create(
      &thread, &attributes,
      { argument in
        if let argument = argument {
          Unmanaged<StackBody>.fromOpaque(argument).takeUnretainedValue().body()
        }
        return nil
      }, Unmanaged.passUnretained(self).toOpaque())
    pthread_join(thread, nil)
  }
}

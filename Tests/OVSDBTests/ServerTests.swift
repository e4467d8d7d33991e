import JSON
import OVSDB
import TestSupport
import Testing

/// A store in memory, which fails when told to.
final class MemoryStore: JournalStore {
  var records: [JSONValue] = []
  var durableCount = 0
  var isFull = false

  func append(_ record: JSONValue, to database: String, isDurable: Bool) throws(DatabaseError) {
    if isFull { throw DatabaseError("I/O error", "no space left") }
    records.append(record)
    if isDurable { durableCount += 1 }
  }

  func replace(_ database: String, with records: [JSONValue]) throws(DatabaseError) {
    if isFull { throw DatabaseError("I/O error", "no space left") }
    self.records = records
  }
}

@Suite struct ServerTests {
  /// A server with the database of the fixture.
  final class Bench {
    let store = MemoryStore()
    let server: Server
    var now: Int64 = 0

    init() throws {
      server = Server(store: store, generator: DatabaseFixture.generator, epochOffsetMilliseconds: 1000)
      let database = try DatabaseFixture().database
      store.records = [database.schema.json]
      try server.add(database)
    }

    func open() throws -> SessionID { try #require(server.open(now: now)) }

    /// Sends a message; gives what it leads to, for this client.
    func send(_ text: String, _ session: SessionID) throws -> [String] {
      server.receive(try JSONParser.parse(text), from: session, now: now)
      return outgoing(session)
    }

    func outgoing(_ session: SessionID) -> [String] {
      server.takeOutgoing().filter { $0.session == session }.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    func transact(_ operations: String, _ session: SessionID, id: Int = 1) throws -> [String] {
      try send(#"{"method":"transact","params":["D",\#(operations)],"id":\#(id)}"#, session)
    }
  }

  static let insert = #"{"op":"insert","table":"A","row":{"i":1,"few":1}}"#

  @Test("a transaction is written before it is acknowledged, and is not done if it cannot be")
  func writeAhead() throws {
    let bench = try Bench()
    let client = try bench.open()
    let before = bench.store.records.count
    bench.store.isFull = true
    #expect(try bench.transact(Self.insert, client)[0].contains("no space left"))
    #expect(bench.store.records.count == before)
    bench.store.isFull = false
    let select = #"{"op":"select","table":"A","where":[],"columns":["i"]}"#
    #expect(try bench.transact(select, client)[0].contains(#""rows":[]"#))
    _ = try bench.transact(Self.insert + #",{"op":"commit","durable":true}"#, client)
    #expect(bench.store.durableCount == 1)
    let loaded = try DatabaseLoader.load(
      try DatabaseFixture.journal.bytes(bench.store.records), name: "", DatabaseFixture.journal,
      generator: DatabaseFixture.generator)
    #expect(loaded.database.rowCount == 1 && loaded.tailError == nil)
  }

  @Test("a monitor hears of a change before whoever made it hears that it is done")
  func updateBeforeReply() throws {
    let bench = try Bench()
    let client = try bench.open()
    _ = try bench.send(#"{"method":"monitor","params":["D",0,{"A":{"columns":["i"]}}],"id":1}"#, client)
    let messages = try bench.transact(Self.insert, client)
    #expect(messages.count == 2 && messages[0].contains("update") && messages[1].contains("result"))
  }

  @Test("a waiting transaction is done when what it waits for has come")
  func triggers() throws {
    let bench = try Bench()
    let (first, second) = (try bench.open(), try bench.open())
    let wait = #"{"op":"wait","table":"A","where":[],"columns":["i"],"until":"==","rows":[{"i":1}]"#
    #expect(try bench.transact(wait + "}", first).isEmpty)
    bench.server.receive(
      try JSONParser.parse(#"{"method":"transact","params":["D",\#(Self.insert)],"id":2}"#), from: second,
      now: 0)
    let all = bench.server.takeOutgoing()
    #expect(all.map(\.session) == [second, first])
    #expect(bench.server.triggerCount == 0)
    // And one that waits in vain ends in time.
    _ = try bench.transact(wait.replacing("\"==\"", with: "\"!=\"") + #","timeout":50}"#, first)
    #expect(bench.server.nextDeadline == 50)
    bench.server.tick(now: 49)
    #expect(bench.outgoing(first).isEmpty)
    bench.server.tick(now: 50)
    #expect(bench.outgoing(first)[0].contains("timed out after 50 ms"))
    #expect(bench.server.nextDeadline == nil)
  }

  @Test("locks pass from client to client, also when one goes")
  func locks() throws {
    let bench = try Bench()
    let (first, second, third) = (try bench.open(), try bench.open(), try bench.open())
    func lock(_ method: String, _ session: SessionID) throws -> String {
      try bench.send(#"{"method":"\#(method)","params":["L"],"id":1}"#, session).joined()
    }
    #expect(try lock("lock", first).contains(#"{"locked":true}"#))
    #expect(try lock("lock", second).contains(#"{"locked":false}"#))
    bench.server.receive(
      try JSONParser.parse(#"{"method":"steal","params":["L"],"id":1}"#), from: third, now: 0)
    let messages = bench.server.takeOutgoing()
    #expect(messages.map(\.session) == [first, third])
    #expect(String(decoding: messages[0].bytes, as: UTF8.self).contains("stolen"))
    bench.server.close(third, now: 0)
    #expect(bench.outgoing(first)[0].contains("locked"))
    bench.server.close(first, now: 0)
    #expect(bench.outgoing(second)[0].contains("locked"))
  }

  @Test("a client that says nothing is asked, and then let go")
  func probes() throws {
    let bench = try Bench()
    let client = try #require(bench.server.open(now: 0, probeMilliseconds: 5000))
    bench.server.tick(now: 4999)
    #expect(bench.outgoing(client).isEmpty)
    bench.server.tick(now: 5000)
    #expect(bench.outgoing(client)[0].contains(#""method":"echo""#))
    bench.now = 6000
    _ = try bench.send(#"{"id":"echo","result":[],"error":null}"#, client)
    bench.server.tick(now: 10999)
    #expect(bench.outgoing(client).isEmpty)
    bench.server.tick(now: 11000)
    bench.server.tick(now: 16000)
    #expect(bench.server.takeClosing().map(\.session) == [client])
  }

  @Test("clients that do not cope with it are disconnected when databases come and go")
  func databasesChange() throws {
    let bench = try Bench()
    let (aware, unaware) = (try bench.open(), try bench.open())
    _ = try bench.send(#"{"method":"set_db_change_aware","params":[true],"id":1}"#, aware)
    _ = try bench.send(#"{"method":"monitor","params":["D",7,{"A":{}}],"id":1}"#, aware)
    try bench.server.remove("D")
    #expect(bench.server.takeClosing().map(\.session) == [unaware])
    #expect(bench.outgoing(aware)[0].contains("monitor_canceled"))
    #expect(throws: DatabaseError.self) { try bench.server.remove("_Server") }
    #expect(bench.server.databases.map(\.name) == ["_Server"])
  }

  @Test("a client may have only so many monitors, locks and waiting transactions")
  func limits() throws {
    let bench = try Bench()
    let client = try bench.open()
    for number in 0...Server.lockLimit {
      let answer = try bench.send(#"{"method":"lock","params":["l\#(number)"],"id":1}"#, client)[0]
      #expect(answer.contains("resources exhausted") == (number == Server.lockLimit))
    }
    for number in 0...Server.monitorLimit {
      let answer = try bench.send(#"{"method":"monitor","params":["D",\#(number),{}],"id":1}"#, client)[0]
      #expect(answer.contains("resources exhausted") == (number == Server.monitorLimit))
    }
    let wait = #"{"op":"wait","table":"A","where":[],"columns":["i"],"until":"==","rows":[{"i":1}]}"#
    for number in 0...Server.triggerLimit {
      let answers = try bench.transact(wait, client, id: number)
      #expect(answers.isEmpty == (number < Server.triggerLimit))
    }
  }

  @Test("random messages never trap")
  func randomMessages() throws {
    var random = SeededRandom(seed: 21)
    let methods = [
      "transact", "monitor", "monitor_cond", "monitor_cond_since", "monitor_cond_change", "monitor_cancel",
      "lock",
      "steal", "unlock", "get_schema", "list_dbs", "echo", "cancel", "convert", "set_db_change_aware", "x",
    ]
    let words: [Text] = [
      "D", "A", "_Server", "Database", "i", "where", "columns", "==", "op", "select", "name",
    ]
    func value(_ depth: Int) -> JSONValue {
      switch Int.random(in: 0..<(depth > 0 ? 6 : 3), using: &random) {
      case 0: return .integer(Int64.random(in: 0...3, using: &random))
      case 1: return .string(words[Int.random(in: 0..<words.count, using: &random)])
      case 2: return Bool.random(using: &random) ? .null : true
      case 3, 4: return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in value(depth - 1) })
      default:
        var object = JSONObject()
        for _ in 0..<2 { object[words[Int.random(in: 0..<words.count, using: &random)]] = value(depth - 1) }
        return .object(object)
      }
    }
    let bench = try Bench()
    var client = try bench.open()
    for step in 0..<5000 {
      let parameters: [JSONValue] =
        (Bool.random(using: &random) ? ["D"] : []) + (0..<3).map { _ in value(3) }
      let message: JSONValue = [
        "method": .string(Text(methods[Int.random(in: 0..<methods.count, using: &random)])),
        "params": .array(parameters), "id": value(1),
      ]
      bench.server.receive(message, from: client, now: Int64(step))
      _ = bench.server.takeOutgoing()
      if !bench.server.takeClosing().isEmpty {
        bench.server.close(client, now: Int64(step))
        client = try bench.open()
      }
      if step % 100 == 0 { bench.server.tick(now: Int64(step)) }
    }
  }
}

import JSON
import Testing

@testable import OVSDB

let replicaSchemaText = #"""
  {"name":"Test","version":"1.0.0","tables":{
    "Root":{"isRoot":true,"maxRows":1,"columns":{
      "bridges":{"type":{"key":{"type":"uuid","refTable":"Bridge"},"min":0,"max":"unlimited"}},
      "next_cfg":{"type":"integer"}}},
    "Bridge":{"indexes":[["name"]],"columns":{
      "name":{"type":"string","mutable":false},
      "tag":{"type":{"key":"integer","min":0,"max":1}},
      "ports":{"type":{"key":{"type":"uuid","refTable":"Bridge","refType":"weak"},"min":0,"max":"unlimited"}},
      "ids":{"type":{"key":"string","value":"string","min":0,"max":"unlimited"}}}}}}
  """#

let replicaSelection = ReplicaSelection([
  ("Root", ["bridges", "next_cfg"]), ("Bridge", ["name", "tag", "ports", "ids"]), ("Absent", ["x"]),
])

func json(_ text: String) throws -> JSONValue { try JSONParser.parse(text) }

let bridgeUUID = "10000000-0000-4000-8000-000000000001"
let otherUUID = "20000000-0000-4000-8000-000000000002"
let rootUUID = "30000000-0000-4000-8000-000000000003"

/// A session that has got its schema and copy, the latter with one bridge.
func synchronisedSession(since: Bool = true) throws -> ReplicaSession {
  var session = ReplicaSession(database: "Test", selection: replicaSelection)
  session.connected()
  #expect(
    session.takeMessages().map { $0.string() } == [#"{"id":1,"method":"get_schema","params":["Test"]}"#])
  session.receive(try json(#"{"id":1,"error":null,"result":\#(replicaSchemaText)}"#))
  let requests =
    #"{"Bridge":[{"columns":["name","tag","ports","ids"]}],"Root":[{"columns":["bridges","next_cfg"]}]}"#
  let zero = "00000000-0000-0000-0000-000000000000"
  #expect(
    session.takeMessages().map { $0.string() } == [
      #"{"id":2,"method":"monitor_cond_since","params":["Test",["monid","Test"],\#(requests),"\#(zero)"]}"#
    ])
  if since {
    let rows =
      #"{"Bridge":{"\#(bridgeUUID)":{"initial":{"name":"br0","ids":["map",[["a","b"]]]}}},"Root":{"\#(rootUUID)":{"initial":{"bridges":["uuid","\#(bridgeUUID)"]}}}}"#
    session.receive(try json(#"{"id":2,"error":null,"result":[false,"\#(otherUUID)",\#(rows)]}"#))
    #expect(session.isSynchronised)
  }
  return session
}

private func events(_ session: inout ReplicaSession) -> [String] {
  session.takeEvents().map { event in
    switch event {
    case .schemaReceived: "schema"
    case .synchronised: "synchronised"
    case .changed: "changed"
    case .finished(let id, .success): "finished \(id)"
    case .finished(let id, .tryAgain): "again \(id)"
    case .finished(let id, .error(let error)): "error \(id) \(error.string())"
    case .lock(let name, let isHeld): "lock \(name) \(isHeld)"
    case .failed(let error): "failed \(error)"
    }
  }
}

@Suite struct ReplicaTests {
  @Test func theCopyHoldsSelectedColumnsAndDefaultsOfThoseLeftOut() throws {
    var session = try synchronisedSession()
    #expect(events(&session) == ["schema", "synchronised", "changed"])
    let replica = try #require(session.replica)
    let bridge = try #require(replica.rows(of: "Bridge").first)
    #expect(bridge.text("name") == "br0")
    #expect(bridge.text("ids", key: "a") == "b")
    #expect(bridge["tag"] == .empty)
    #expect(replica.onlyRow(of: "Root")?.integer("next_cfg") == 0)
    #expect(replica.tables["Bridge"]?.inserted == [bridge.uuid])
    #expect(replica.rows(of: "Absent").isEmpty)
  }

  @Test func updatesModifyInsertAndDeleteRows() throws {
    var session = try synchronisedSession()
    session.forgetChanges()
    _ = session.takeEvents()
    session.receive(
      try json(
        #"{"id":null,"method":"update3","params":[["monid","Test"],"\#(rootUUID)",{"Bridge":{"\#(bridgeUUID)":{"modify":{"tag":5,"ids":["map",[["a","b"],["c","d"]]],"ports":["uuid","\#(otherUUID)"]}},"\#(otherUUID)":{"insert":{"name":"br1"}}}}]}"#
      ))
    var table = try #require(session.replica?.tables["Bridge"])
    let uuid = try #require(UUID(bridgeUUID))
    #expect(table.rows[uuid]?.integer("tag") == 5)
    #expect(table.rows[uuid]?["ids"]?.textPairs.map { "\($0.key)=\($0.value)" } == ["c=d"])
    #expect(table.modified == [uuid])
    #expect(table.inserted.count == 1)
    session.receive(
      try json(
        #"{"id":null,"method":"update2","params":[["monid","Test"],{"Bridge":{"\#(bridgeUUID)":{"delete":null},"\#(otherUUID)":{"delete":null}}}]}"#
      ))
    table = try #require(session.replica?.tables["Bridge"])
    #expect(table.rows.isEmpty)
    #expect(table.modified.isEmpty && table.inserted.isEmpty)
    #expect(table.deleted.keys.map(\.text) == [bridgeUUID])
    #expect(events(&session) == ["changed", "changed"])
    session.receive(
      try json(#"{"id":null,"method":"update2","params":[["monid","other"],{"Bridge":{}}]}"#))
    #expect(events(&session) == [])
  }

  @Test func aServerWithoutConditionsIsAskedForAPlainMonitor() throws {
    var session = try synchronisedSession(since: false)
    session.receive(try json(#"{"id":2,"result":null,"error":{"error":"unknown method"}}"#))
    #expect(session.takeMessages().first?["method"]?.text == "monitor_cond")
    session.receive(try json(#"{"id":3,"result":null,"error":{"error":"unknown method"}}"#))
    #expect(session.takeMessages().first?["method"]?.text == "monitor")
    session.receive(
      try json(
        #"{"id":4,"error":null,"result":{"Bridge":{"\#(bridgeUUID)":{"new":{"name":"br0","tag":7,"ports":["set",[]],"ids":["map",[]]}}}}}"#
      ))
    #expect(session.replica?.rows(of: "Bridge").first?.integer("tag") == 7)
    session.receive(
      try json(
        #"{"id":null,"method":"update","params":[["monid","Test"],{"Bridge":{"\#(bridgeUUID)":{"old":{"name":"br0"}}}}]}"#
      ))
    #expect(session.replica?.rows(of: "Bridge").isEmpty == true)
  }

  @Test func afterAReconnectionOnlyDifferencesCountAsChanges() throws {
    var session = try synchronisedSession()
    session.forgetChanges()
    session.disconnected()
    session.connected()
    _ = session.takeMessages()
    session.receive(try json(#"{"id":3,"error":null,"result":\#(replicaSchemaText)}"#))
    // The transaction that the first copy ended with.
    #expect(session.takeMessages().first?["params"]?.array?.last?.text == Text(otherUUID))
    let rows =
      #"{"Bridge":{"\#(otherUUID)":{"initial":{"name":"br1"}}},"Root":{"\#(rootUUID)":{"initial":{"bridges":["uuid","\#(bridgeUUID)"]}}}}"#
    session.receive(try json(#"{"id":4,"error":null,"result":[false,"\#(otherUUID)",\#(rows)]}"#))
    let replica = try #require(session.replica)
    #expect(replica.tables["Bridge"]?.deleted.keys.map(\.text) == [bridgeUUID])
    #expect(replica.tables["Bridge"]?.inserted.map(\.text) == [otherUUID])
    #expect(replica.tables["Root"]?.hasChanges == false)
  }

  @Test func echoesAreAnswered() throws {
    var session = try synchronisedSession()
    session.receive(try json(#"{"id":"echo","method":"echo","params":[1]}"#))
    #expect(session.takeMessages().map { $0.string() } == [#"{"error":null,"id":"echo","result":[1]}"#])
  }

  @Test func locksAreAskedForAgainAndTold() throws {
    var session = try synchronisedSession()
    _ = session.takeEvents()
    session.lock("l")
    #expect(session.takeMessages().map { $0.string() } == [#"{"id":3,"method":"lock","params":["l"]}"#])
    session.receive(try json(#"{"id":3,"error":null,"result":{"locked":false}}"#))
    #expect(events(&session) == [])
    session.receive(try json(#"{"id":null,"method":"locked","params":["l"]}"#))
    #expect(events(&session) == ["lock l true"])
    session.receive(try json(#"{"id":null,"method":"stolen","params":["l"]}"#))
    #expect(events(&session) == ["lock l false"])
  }

  @Test func nonsenseFailsTheSession() throws {
    for message in [
      "[]", #"{"id":null,"method":"update3","params":[["monid","Test"],"x",{"Bridge":{"nope":{}}}]}"#,
      #"{"id":null,"method":"update2","params":[["monid","Test"],{"Bridge":{"\#(otherUUID)":{"modify":{}}}}]}"#,
      #"{"id":null,"method":"update2","params":[["monid","Test"],{"Bridge":{"\#(bridgeUUID)":{"modify":{"tag":"x"}}}}]}"#,
      #"{"id":null,"method":"update2","params":[["monid","Test"],[]]}"#,
    ] {
      var session = try synchronisedSession()
      _ = session.takeEvents()
      session.receive(try json(message))
      #expect(events(&session).first?.hasPrefix("failed") == true, "\(message)")
    }
    var session = try synchronisedSession(since: false)
    session.receive(try json(#"{"id":2,"error":null,"result":[1]}"#))
    #expect(!session.isSynchronised)
  }

  @Test func transactionsOutstandingWhenTheConnectionBreaksAreToBeTriedAgain() throws {
    var session = try synchronisedSession()
    _ = session.takeEvents()
    let replica = try #require(session.replica)
    var edit = Edit(replica)
    let bridge = try #require(edit.rows("Bridge").first)
    edit.set(bridge, "tag", Datum(.integer(3)))
    #expect(session.commit(edit) == 3)
    session.disconnected()
    #expect(events(&session) == ["again 3"])
  }
}

import JSON
import Testing

@testable import OVSDB

private func operations(_ edit: Edit) -> [String] {
  edit.operations().map { $0.string(style: .sorted) }
}

private let newUUID = UUID(high: 0x4000_0000_0000_4000, low: 0x8000_0000_0000_0004)
private let newName = "row40000000_0000_4000_8000_000000000004"

@Suite struct EditTests {
  private func edit() throws -> (edit: Edit, bridge: RowHandle, root: RowHandle) {
    let edit = Edit(try #require(try synchronisedSession().replica))
    return (edit, try #require(edit.rows("Bridge").first), try #require(edit.rows("Root").first))
  }

  private var whereBridge: String { #""where":[["_uuid","==",["uuid","\#(bridgeUUID)"]]]"# }
  private var whereRoot: String { #""where":[["_uuid","==",["uuid","\#(rootUUID)"]]]"# }

  @Test func nothingChangedIsNothingToSend() throws {
    var (edit, bridge, root) = try edit()
    edit.comment("hello")
    edit.increment(root, "next_cfg")
    edit.verify(bridge, "name")
    edit.set(bridge, "name", Datum(.string("br0")))
    edit.remove(Datum(texts: ["x"]), from: "ids", of: bridge)
    #expect(operations(edit) == [])
  }

  @Test func writesVerificationIncrementAndCommentMakeOperations() throws {
    var (edit, bridge, root) = try edit()
    edit.set(bridge, "tag", Datum(.integer(3)))
    edit.verify(bridge, "name")
    edit.increment(root, "next_cfg")
    edit.comment("why")
    #expect(
      operations(edit) == [
        #"{"columns":["name"],"op":"wait","rows":[{"name":"br0"}],"table":"Bridge","timeout":0,"until":"==",\#(whereBridge)}"#,
        #"{"op":"update","row":{"tag":3},"table":"Bridge",\#(whereBridge)}"#,
        #"{"mutations":[["next_cfg","+=",1]],"op":"mutate","table":"Root",\#(whereRoot)}"#,
        #"{"columns":["next_cfg"],"op":"select","table":"Root",\#(whereRoot)}"#,
        #"{"comment":"why","op":"comment"}"#,
      ])
    #expect(edit[bridge, "tag"].integer == 3)
  }

  @Test func insertedRowsAreReferredToByNameAndElementsAreMutated() throws {
    var (edit, bridge, root) = try edit()
    let new = edit.insert("Bridge", uuid: newUUID)
    edit.set(new, "name", Datum(.string("br1")))
    edit.insert(Datum(references: [newUUID]), into: "bridges", of: root)
    edit.insert(Datum(textPairs: [("a", "z"), ("b", "y")]), into: "ids", of: bridge)
    #expect(
      operations(edit) == [
        #"{"op":"insert","row":{"name":"br1"},"table":"Bridge","uuid-name":"\#(newName)"}"#,
        #"{"mutations":[["bridges","insert",["set",[["named-uuid","\#(newName)"]]]]],"op":"mutate","table":"Root",\#(whereRoot)}"#,
        #"{"mutations":[["ids","delete",["set",["a"]]],["ids","insert",["map",[["a","z"],["b","y"]]]]],"op":"mutate","table":"Bridge",\#(whereBridge)}"#,
      ])
    #expect(edit.rows("Bridge").map(\.uuid.text) == [bridgeUUID, newUUID.text])
    #expect(edit[root, "bridges"].references.count == 2)
    #expect(edit[bridge, "ids"].textPairs.map { "\($0.key)=\($0.value)" } == ["a=z", "b=y"])
  }

  @Test func deletedRowsAreLeftToTheServerUnlessTheTableIsARoot() throws {
    var (edit, bridge, root) = try edit()
    edit.remove(Datum(references: [bridge.uuid]), from: "bridges", of: root)
    edit.delete(bridge)
    #expect(!edit.exists(bridge))
    #expect(edit.rows("Bridge").isEmpty)
    #expect(
      operations(edit) == [
        #"{"mutations":[["bridges","delete",["set",[["uuid","\#(bridgeUUID)"]]]]],"op":"mutate","table":"Root",\#(whereRoot)}"#
      ])
    edit.delete(root)
    #expect(operations(edit) == [#"{"op":"delete","table":"Root",\#(whereRoot)}"#])
  }

  @Test func aWriteAfterAMutationReplacesIt() throws {
    var (edit, bridge, _) = try edit()
    edit.insert(Datum(textPairs: [("c", "d")]), into: "ids", of: bridge)
    edit.set(bridge, "ids", Datum(textPairs: [("e", "f")]))
    edit.insert(Datum(textPairs: [("g", "h")]), into: "ids", of: bridge)
    #expect(
      operations(edit) == [
        #"{"op":"update","row":{"ids":["map",[["e","f"],["g","h"]]]},"table":"Bridge",\#(whereBridge)}"#
      ])
  }

  @Test func resultsTellUUIDsAndTheIncrementedValue() throws {
    var (edit, _, root) = try edit()
    edit.insert("Bridge", uuid: newUUID)
    edit.increment(root, "next_cfg")
    let result = try json(#"[{"uuid":["uuid","\#(otherUUID)"]},{"count":1},{"rows":[{"next_cfg":8}]}]"#)
    guard case .success(let results) = edit.outcome(result: result, error: nil) else {
      Issue.record("no success")
      return
    }
    #expect(results.inserted[newUUID]?.text == otherUUID)
    #expect(results.incrementedValue == 8)
  }

  @Test func aFailedWaitMeansTryAgainAndOtherErrorsAreTold() throws {
    var (edit, bridge, _) = try edit()
    edit.set(bridge, "tag", Datum(.integer(3)))
    guard case .tryAgain = edit.outcome(result: try json(#"[{"error":"timed out"},null]"#), error: nil) else {
      Issue.record("not to be tried again")
      return
    }
    let failed = try json(#"[{"count":1},{"error":"constraint violation","details":"x"}]"#)
    guard case .error(let error) = edit.outcome(result: failed, error: nil) else {
      Issue.record("no error")
      return
    }
    #expect(error.string() == #"{"error":"constraint violation","details":"x"}"#)
    guard case .error = edit.outcome(result: try json("[]"), error: nil) else {
      Issue.record("no error for too few results")
      return
    }
  }
}

import JSON
import Testing

@testable import OVSDB

@Suite struct ReplicaSelectionTests {
  private func requests(_ selection: ReplicaSelection, isConditional: Bool = true) throws -> String {
    let schema = try Schema(try json(replicaSchemaText))
    return selection.requests(in: schema, isConditional: isConditional).string()
  }

  @Test func rowsAreSelectedByValueUntilAllAre() throws {
    var selection = ReplicaSelection()
    selection.add("Bridge", ["name", "tag"], where: "name", is: .string("a"))
    selection.add("Bridge", ["name"], where: "name", is: .string("b"))
    selection.add("Bridge", ["name"], where: "name", is: .string("b"))
    #expect(
      try requests(selection)
        == #"{"Bridge":[{"columns":["name","tag"],"where":[["name","==","a"],["name","==","b"]]}]}"#)
    #expect(try requests(selection, isConditional: false) == #"{"Bridge":[{"columns":["name","tag"]}]}"#)
    selection.add("Bridge", "ids")
    #expect(try requests(selection) == #"{"Bridge":[{"columns":["name","tag","ids"]}]}"#)
  }

  @Test func manyConditionsSelectEveryRow() throws {
    var selection = ReplicaSelection()
    for number in 0...ReplicaSelection.conditionCountLimit {
      selection.add("Bridge", ["name"], where: "name", is: .string(Text("b\(number)")))
    }
    #expect(try requests(selection) == #"{"Bridge":[{"columns":["name"]}]}"#)
  }

  @Test func whatTheSchemaHasNotIsLeftOut() throws {
    #expect(
      try requests(ReplicaSelection([("Absent", ["x"]), ("Root", ["next_cfg", "x"])]))
        == #"{"Root":[{"columns":["next_cfg"]}]}"#)
  }

  @Test func anotherSelectionMakesTheCopyAnew() throws {
    var session = try synchronisedSession()
    session.select(ReplicaSelection([("Root", ["next_cfg"])]))
    let zero = "00000000-0000-0000-0000-000000000000"
    #expect(
      session.takeMessages().map { $0.string() } == [
        #"{"id":3,"method":"monitor_cancel","params":[["monid","Test"]]}"#,
        #"{"id":4,"method":"monitor_cond_since","params":["Test",["monid","Test"],{"Root":[{"columns":["next_cfg"]}]},"\#(zero)"]}"#,
      ])
    #expect(!session.isSynchronised)
    session.receive(try json(#"{"id":3,"error":null,"result":{}}"#))
    session.receive(
      try json(
        #"{"id":4,"error":null,"result":[false,"\#(zero)",{"Root":{"\#(rootUUID)":{"initial":{"next_cfg":5}}}}]}"#
      ))
    #expect(session.isSynchronised)
    #expect(session.replica?.onlyRow(of: "Root")?.integer("next_cfg") == 5)
    #expect(session.replica?.tables["Bridge"] == nil)
  }
}

import JSON
import OVSDB
import Testing

@testable import Command

private func names() throws -> DatabaseNames {
  let text = #"""
    {"name":"T","tables":{
      "Bridge":{"columns":{"name":{"type":"string"},"stp_enable":{"type":"boolean"},
        "status":{"type":"string"},"flow_tables":{"type":{"key":"integer","min":0,"max":"unlimited"}},
        "other_config":{"type":{"key":"string","value":"string","min":0,"max":"unlimited"}}}},
      "Port":{"columns":{"name":{"type":"string"}}},
      "Port_Group":{"columns":{"name":{"type":"string"}}},
      "Power":{"columns":{"name":{"type":"string"}}}}}
    """#
  return DatabaseNames(schema: try Schema(try JSONParser.parse(text)), records: [:])
}

private func result(_ body: () throws(ControlError) -> String) -> String {
  do throws(ControlError) { return try body() } catch { return "error: " + (error.message ?? "") }
}

@Suite struct DatabaseNamesTests {
  @Test(arguments: [
    ("Bridge", "Bridge"), ("br", "Bridge"), ("BRIDGE", "Bridge"), ("port", "Port"), ("port-g", "Port_Group"),
    ("port_group", "Port_Group"), ("po", #"error: multiple table names match "po""#),
    ("bridges", #"error: unknown table "bridges""#), ("", #"error: unknown table """#),
  ])
  func tablesAreFoundByShortNames(_ written: String, _ expected: String) throws {
    let names = try names()
    #expect(result { () throws(ControlError) in try names.table(written).name.string } == expected)
  }

  @Test(arguments: [
    ("name", "name"), ("OTHER-C", "other_config"), ("stp", "stp_enable"),
    ("st", #"error: Bridge contains more than one column whose name matches "st": status, stp_enable"#),
    ("x", #"error: Bridge does not contain a column whose name matches "x""#),
    ("_uuid", #"error: Bridge does not contain a column whose name matches "_uuid""#),
  ])
  func columnsAreFoundByShortNames(_ written: String, _ expected: String) throws {
    let names = try names()
    let bridge = try names.table("Bridge")
    #expect(
      result { () throws(ControlError) in try names.column(written, of: bridge).name.string } == expected)
  }

  @Test(arguments: [
    ("name=x", "name - = x"), ("other_config:a=b=c", "other_config a = b=c"),
    (#"other:"a:b"<=c"#, #"other_config "a:b" <= c"#), ("flow{<=}1,2", "flow_tables - {<=} 1,2"),
    ("flow{not-in}1", "flow_tables - {not-in} 1"), ("name!=x", "name - != x"),
    ("=3", "error: =3: missing column name"),
    (
      "name=",
      #"error: name=: argument does not end in "=", "!=", "<", ">", "<=", ">=", "{=}", "{!=}", "{<}", "{>}", "{<=}", "{>=}", "{in}", or "{not-in}" followed by a value."#
    ),
  ])
  func conditionsNameAColumnAKeyAnOperatorAndAValue(_ written: String, _ expected: String) throws {
    let names = try names()
    let bridge = try names.table("Bridge")
    #expect(
      result { () throws(ControlError) in
        let argument = try names.columnArgument(written, of: bridge, isCondition: true)
        return "\(argument.column.name) \(argument.key ?? "-") \(argument.comparison.text) \(argument.value)"
      } == expected)
  }

  @Test func assignmentsKnowOneOperator() throws {
    let names = try names()
    let bridge = try names.table("Bridge")
    #expect(
      result { () throws(ControlError) in
        try names.columnArgument("name!=x", of: bridge).value
      } == #"error: name!=x: argument does not end in "=" followed by a value."#)
  }

  @Test func comparisonsAreOfSets() {
    func set(_ integers: Int64...) -> Datum { Datum(set: integers.map { .integer($0) }) }
    #expect(Comparison.less.holds(set(9), set(1, 2)))
    #expect(Comparison.less.holds(set(1, 2), set(1, 3)))
    #expect(Comparison.greaterOrEqual.holds(set(1, 3), set(1, 3)))
    #expect(Comparison.subset.holds(set(), set(1)))
    #expect(Comparison.properSubset.holds(set(1), set(1, 2)))
    #expect(!Comparison.properSubset.holds(set(1, 2), set(1, 2)))
    #expect(Comparison.superset.holds(set(1, 2), set(2)))
    #expect(Comparison.without.holds(set(1), set(2)))
    #expect(!Comparison.without.holds(set(1, 2), set(2)))
    #expect(Comparison.within.holds(set(2), set(1, 2)))
    #expect(Comparison.setNotEqual.holds(set(2), set(1, 2)))
  }
}

@Suite struct RecordSelectionTests {
  @Test(arguments: [
    ("br0", #"[["name","==","br0"]]"#),
    (
      "a1b2c3d4-1234-1234-1234-1234567890ab",
      #"[["name","==","a1b2c3d4-1234-1234-1234-1234567890ab"],["_uuid","==",["uuid","a1b2c3d4-1234-1234-1234-1234567890ab"]]]"#
    ),
    // These could be the first digits of a UUID, or a row that another command names.
    ("beef", "all"), ("1234", "all"), ("@x", "all"),
  ])
  func onlyTheRowThatANameMayMeanIsSelected(_ record: String, _ expected: String) throws {
    let names = DatabaseNames(schema: try names().schema, records: ["Bridge": [.column("name")]])
    var selection = ReplicaSelection()
    names.select(record, of: try names.table("Bridge"), ["status"], in: &selection)
    let table = try #require(selection.tables["Bridge"])
    #expect(table.hasAllRows ? "all" == expected : JSONValue.array(table.conditions).string() == expected)
    #expect(Set(table.columns) == ["status", "name"])
  }

  @Test func otherWaysToNameARecordNeedAllRows() throws {
    let names = try names()
    var selection = ReplicaSelection()
    names.select("br0", of: try names.table("Bridge"), ["status"], in: &selection)
    #expect(selection.tables["Bridge"]?.hasAllRows == true)
  }
}

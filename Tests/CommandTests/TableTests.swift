import JSON
import Testing

@testable import Command

@Suite struct TableTests {
  func makeTable() -> Table {
    var table = Table(columns: ["name", "n"], caption: "Cap")
    table.append([.text("a,b\"c"), .value(json: 5, string: "5", bare: "5")])
    table.append([.text("<long name>"), .value(json: ["set", [1, 2]], string: "[1, 2]", bare: "1 2")])
    return table
  }

  @Test func `every layout`() {
    let table = makeTable()
    #expect(
      table.text(Table.Style(format: .table)) == """
        Cap
        name        n
        ----------- ------
        a,b"c       5
        <long name> [1, 2]

        """)
    #expect(
      table.text(Table.Style(format: .csv)) == """
        Cap
        name,n
        "a,b""c",5
        <long name>,"[1, 2]"

        """)
    #expect(
      table.text(Table.Style(format: .json))
        == #"{"caption":"Cap","data":[["a,b\"c",5],["<long name>",["set",[1,2]]]],"headings":["name","n"]}"#
        + "\n")
    var bare = Table.Style(format: .list)
    bare.data = .bare
    bare.hasHeadings = false
    #expect(table.text(bare) == "Cap\na,b\"c\n5\n\n<long name>\n1 2\n")
    #expect(table.text(Table.Style(format: .html)).contains("<td>&lt;long name&gt;</td>"))
  }
}

import Command
import Host
import JSON
import OVSDB

extension Tool {
  /// Prints the records of a file.
  func showLog(_ path: String) {
    attempt { () throws(DatabaseError) in
      var reader = try standaloneReader(path)
      var printer = LogPrinter(verbosity: verbosity)
      while let record = try reader.next() {
        try printer.print(record.json)
      }
    }
  }
}

/// Prints records, and remembers the rows of those before, so that it can name what a change is about.
private struct LogPrinter {
  let verbosity: Int
  private var number = 0
  private var schema: Schema?
  /// Names of rows, by table and identifier.
  private var names: [Text: [Text: Text]] = [:]

  init(verbosity: Int) {
    self.verbosity = verbosity
  }

  mutating func print(_ record: JSONValue) throws(DatabaseError) {
    StandardOutput.write("record \(number):")
    number += 1
    guard schema != nil else {
      let read = try Schema(record)
      StandardOutput.write(
        " \"\(read.name)\" schema, version=\"\(read.version)\", cksum=\"\(read.checksum)\"\n\n")
      schema = read
      return
    }
    if let date = record["_date"]?.integer {
      StandardOutput.write(" " + CalendarTime(unixMilliseconds: date).text)
    }
    if let comment = record["_comment"]?.text { StandardOutput.write(" \"\(comment)\"") }
    StandardOutput.write("\n")
    guard verbosity > 0 else { return }
    for member in record.object?.members ?? [] {
      guard member.name.utf8.first != UInt8(ascii: "_"), case .object(let rows) = member.value else {
        continue
      }
      for row in rows.members { printRow(row, of: member.name) }
    }
    StandardOutput.write("\n")
  }

  private mutating func printRow(_ row: JSONObject.Member, of table: Text) {
    let short = String(decoding: Array(row.name.utf8.prefix(8)), as: UTF8.self)
    let known = names[table]?[row.name]
    let named = row.value["name"]?.text
    StandardOutput.write("  table \(table)")
    if known == nil {
      StandardOutput.write(" insert row")
      StandardOutput.write(named.map { " \"\($0)\" (\(short)):\n" } ?? " \(short):\n")
    } else {
      let name = known.flatMap { $0.isEmpty ? nil : "\"\($0)\"" } ?? short
      StandardOutput.write(" row \(name) (\(short)) diff:\n")
    }
    guard case .object(let columns) = row.value else {
      StandardOutput.write("    delete row\n")
      names[table]?[row.name] = nil
      return
    }
    if known == nil || named != nil { names[table, default: [:]][row.name] = named ?? "" }
    guard verbosity > 1 else { return }
    for column in columns.members {
      StandardOutput.write("    \(column.name)=\(value(column, of: table))\n")
    }
  }

  private func value(_ column: JSONObject.Member, of table: Text) -> String {
    guard var type = schema?[table]?.column(column.name)?.type else { return column.value.string() }
    type.minimum = 0
    guard let datum = try? Datum(column.value, type: type) else { return column.value.string() }
    return datum.displayText(type)
  }
}

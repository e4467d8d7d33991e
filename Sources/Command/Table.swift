// What: a table of results as the client programs print it, in any of the layouts of `--format`.

public import JSON

/// One cell of a table.
public enum TableCell: Sendable {
  /// Text as it is.
  case text(String)
  /// A value of the database, in each of the forms that `--data` names.
  case value(json: JSONValue, string: String, bare: String)
}

/// A table of results.
public struct Table: Sendable {
  /// The layouts of `--format`.
  public enum Format: Sendable {
    /// Aligned columns below a line of dashes.
    case table
    /// A line for each cell.
    case list
    /// A page of a browser.
    case html
    /// Comma-separated values (RFC 4180).
    case csv
    /// One JSON object.
    case json
  }

  /// The forms of `--data`.
  public enum DataFormat: Sendable {
    /// As the database's command line writes values.
    case string
    /// The same without punctuation.
    case bare
    /// As the database protocol writes values.
    case json
  }

  /// How to print.
  public struct Style: Sendable {
    /// The layout.
    public var format: Format
    /// The form of values, if it was chosen; else each layout has its own default.
    public var data: DataFormat?
    /// Whether there is a line of column names.
    public var hasHeadings = true
    /// Whether JSON is indented.
    public var isPretty = false
    /// Digits of real numbers are not shortened; times in cells are not a concern of ours.
    public var maximumColumnWidth = 0

    /// A style with defaults.
    public init(format: Format = .table) { self.format = format }

    /// The form of values to use.
    var effectiveData: DataFormat { data ?? .string }
  }

  /// The line above the table, if it has one.
  public var caption: String?
  /// The columns' names.
  public private(set) var columns: [String] = []
  /// The rows, each with a cell for each column.
  public private(set) var rows: [[TableCell]] = []

  /// Makes a table with columns.
  public init(columns: [String], caption: String? = nil) {
    self.columns = columns
    self.caption = caption
  }

  /// Adds a row.
  public mutating func append(_ row: [TableCell]) {
    precondition(row.count == columns.count, "a row has a cell for each column")
    rows.append(row)
  }

  /// The table as text.
  ///
  /// `isFirst` says whether it is the first that the program prints.
  public func text(_ style: Style, isFirst: Bool = true) -> String {
    // Between tables stands an empty line, except in the layout that separates rows so itself and in JSON.
    var output = isFirst || style.format == .json ? "" : "\n"
    switch style.format {
    case .table: appendTable(style, &output)
    case .list: appendList(style, &output)
    case .html: appendHTML(style, &output)
    case .csv: appendCSV(style, &output)
    case .json: appendJSON(style, &output)
    }
    return output
  }

  private func content(_ cell: TableCell, _ style: Style) -> String {
    switch cell {
    case .text(let text): text
    case .value(let json, let string, let bare):
      switch style.effectiveData {
      case .string: string
      case .bare: bare
      case .json: json.string(style: style.isPretty ? .pretty : .sorted)
      }
    }
  }

  private func appendTable(_ style: Style, _ output: inout String) {
    if let caption { output += caption + "\n" }
    let cells = rows.map { $0.map { content($0, style) } }
    var widths = columns.map { style.hasHeadings ? $0.utf8.count : 0 }
    for row in cells {
      for index in row.indices { widths[index] = max(widths[index], row[index].utf8.count) }
    }
    if style.maximumColumnWidth > 0 {
      for index in widths.indices {
        let heading = style.hasHeadings ? columns[index].utf8.count : 0
        widths[index] = max(heading, min(widths[index], style.maximumColumnWidth))
      }
    }
    func appendLine(_ line: [String]) {
      // Columns are padded to line up, but no line has spaces at its end.
      let cells = line.indices.map {
        line[$0].cut(toWidth: widths[$0]).padded(toWidth: widths[$0], onRight: true)
      }
      let text = Array(cells.joined(separator: " ").utf8)
      let end = text.lastIndex { $0 != 0x20 }.map { $0 + 1 } ?? 0
      output += String(decoding: text[..<end], as: UTF8.self) + "\n"
    }
    if style.hasHeadings {
      appendLine(columns)
      output += widths.map { String(repeating: "-", count: $0) }.joined(separator: " ") + "\n"
    }
    for row in cells { appendLine(row) }
  }

  private func appendList(_ style: Style, _ output: inout String) {
    if let caption { output += caption + "\n" }
    for (number, row) in rows.enumerated() {
      if number > 0 { output += "\n" }
      for index in row.indices {
        if style.hasHeadings { output += columns[index].padded(toWidth: 20, onRight: true) + ": " }
        output += content(row[index], style) + "\n"
      }
    }
  }

  private func appendHTML(_ style: Style, _ output: inout String) {
    output += "<table border=1>\n"
    if let caption { output += "  <caption>" + Table.escaped(caption) + "</caption>\n" }
    if style.hasHeadings { appendHTMLRow(columns, "th", &output) }
    for row in rows { appendHTMLRow(row.map { content($0, style) }, "td", &output) }
    output += "</table>\n"
  }

  private func appendHTMLRow(_ cells: [String], _ element: String, _ output: inout String) {
    output += "  <tr>\n"
    for cell in cells { output += "    <" + element + ">" + Table.escaped(cell) + "</" + element + ">\n" }
    output += "  </tr>\n"
  }

  private static func escaped(_ text: String) -> String {
    var output: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "&"): output += Array("&amp;".utf8)
      case UInt8(ascii: "<"): output += Array("&lt;".utf8)
      case UInt8(ascii: ">"): output += Array("&gt;".utf8)
      case UInt8(ascii: "\""): output += Array("&quot;".utf8)
      default: output.append(byte)
      }
    }
    return String(decoding: output, as: UTF8.self)
  }

  private func appendCSV(_ style: Style, _ output: inout String) {
    if let caption { output += caption + "\n" }
    if style.hasHeadings { output += columns.map(Table.quoted).joined(separator: ",") + "\n" }
    for row in rows { output += row.map { Table.quoted(content($0, style)) }.joined(separator: ",") + "\n" }
  }

  /// A cell of comma-separated values, in quotes where needed.
  private static func quoted(_ text: String) -> String {
    let special = Array("\n\",".utf8)
    guard text.utf8.contains(where: { special.contains($0) }) else { return text }
    var output: [UInt8] = [UInt8(ascii: "\"")]
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { output.append(byte) }
      output.append(byte)
    }
    output.append(UInt8(ascii: "\""))
    return String(decoding: output, as: UTF8.self)
  }

  private func appendJSON(_ style: Style, _ output: inout String) {
    var object = JSONObject()
    if let caption { object["caption"] = .string(Text(caption)) }
    object["headings"] = .array(columns.map { .string(Text($0)) })
    object["data"] = .array(
      rows.map { row in
        .array(
          row.map { cell in
            switch cell {
            case .text(let text): .string(Text(text))
            case .value(let json, _, _): json
            }
          })
      })
    output += JSONValue.object(object).string(style: style.isPretty ? .pretty : .sorted) + "\n"
  }
}

extension Table.Style {
  /// The options `--format`, `--data`, `--no-headings`, `--pretty` and `--bare`, which change the style that
  /// `update` gives access to.
  public static func options(
    update: @escaping ((inout Table.Style) -> Void) -> Void
  ) -> [CommandOption] {
    [
      CommandOption("format", short: "f") { (text: String) throws(UsageError) in
        let format = try parseFormat(text)
        update { $0.format = format }
      },
      CommandOption("data", short: "d") { (text: String) throws(UsageError) in
        let data = try parseData(text)
        update { $0.data = data }
      },
      CommandOption("no-headings") { update { $0.hasHeadings = false } },
      CommandOption("pretty") { update { $0.isPretty = true } },
      CommandOption("max-column-width") { (text: String) in
        let width = Int(text) ?? 0
        update { $0.maximumColumnWidth = width }
      },
      CommandOption("bare") {
        update {
          $0.format = .list
          $0.data = .bare
          $0.hasHeadings = false
        }
      },
    ]
  }

  private static func parseFormat(_ text: String) throws(UsageError) -> Table.Format {
    if sameBytes(text, "table") { return .table }
    if sameBytes(text, "list") { return .list }
    if sameBytes(text, "html") { return .html }
    if sameBytes(text, "csv") { return .csv }
    if sameBytes(text, "json") { return .json }
    throw UsageError("unknown output format \"\(text)\"")
  }

  private static func parseData(_ text: String) throws(UsageError) -> Table.DataFormat {
    if sameBytes(text, "string") { return .string }
    if sameBytes(text, "bare") { return .bare }
    if sameBytes(text, "json") { return .json }
    throw UsageError("unknown data format \"\(text)\"")
  }
}

extension String {
  /// At most so many bytes of the beginning, of whole characters.
  fileprivate func cut(toWidth width: Int) -> String {
    guard utf8.count > width else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: width)
    while end > utf8.startIndex, end < utf8.endIndex, utf8[end] & 0xc0 == 0x80 {
      end = utf8.index(before: end)
    }
    return String(decoding: Array(utf8[..<end]), as: UTF8.self)
  }
}

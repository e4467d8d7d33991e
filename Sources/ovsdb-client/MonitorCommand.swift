import Command
import Host
import JSON
import OVSDB

/// A table that is monitored, and the columns to print.
private struct WatchedTable {
  let schema: TableSchema
  var columns: [Int] = []
  var requests: [JSONValue] = []
}

extension Client {
  /// Prints the rows of tables, and then every change to them, for ever.
  func monitor(_ database: Text, _ arguments: [String], condition: String? = nil, since: String? = nil) {
    let schema = schema(database)
    let watched = watchedTables(schema, database, arguments, condition)
    var requests = JSONObject()
    for table in watched { requests[table.schema.name] = .array(table.requests) }
    var parameters: [JSONValue] = [.string(database), .null, .object(requests)]
    var method: Text = condition == nil ? "monitor" : "monitor_cond"
    if let since {
      method = "monitor_cond_since"
      parameters.append(.string(Text(since)))
    }
    daemon.start(keeping: [.output, .error])
    startControl(watched)
    let result = request(method, parameters)
    if since != nil, let parts = result.array, parts.count == 3 {
      StandardOutput.writeLine(
        "found: \(parts[0].string()), last_id: \(parts[1].text?.string ?? "")")
      printUpdates(parts[2], watched, isInitial: true)
    } else {
      printUpdates(result, watched, isInitial: true)
    }
    daemon.complete()
    while true { follow(watched) }
  }

  /// Offers the commands of a monitor in the background.
  private func startControl(_ watched: [WatchedTable]) {
    guard daemon.isDetached else { return }
    let server = startControl()
    for (name, blocks) in [("ovsdb-client/block", true), ("ovsdb-client/unblock", false)] {
      server.register(name) { [self] request in
        let isKnown = isBlocked == blocks
        setBlocked(blocks)
        request.reply(isKnown ? (blocks ? "already blocking" : "already unblocked") : "")
      }
    }
    server.register("ovsdb-client/cond_change", usage: "TABLE COND", minimum: 2, maximum: 2) {
      [self] request in
      let condition: JSONValue
      do throws(JSONError) {
        condition = try JSONParser.parse(request.arguments[1])
      } catch { return request.fail("\"\(request.arguments[1])\": \(error.message)") }
      var tables = JSONObject()
      tables[Text(request.arguments[0])] = .array([["where": condition]])
      send("monitor_cond_change", [.null, .null, .object(tables)])
      request.reply("condition changed")
    }
  }

  private func follow(_ watched: [WatchedTable]) {
    guard case .notification(let method, let parameters) = nextMessage() else { return }
    switch method {
    case "update", "update2":
      if parameters.count == 2 { printUpdates(parameters[1], watched, isInitial: false) }
    case "update3":
      guard parameters.count == 3 else { return }
      StandardOutput.write("\nlast_id: \(parameters[1].text?.string ?? "")")
      printUpdates(parameters[2], watched, isInitial: false)
    case "monitor_canceled": invocation.fail("\(server): server canceled monitor")
    default: return
    }
  }

  // MARK: Requests

  private func watchedTables(
    _ schema: Schema, _ database: Text, _ arguments: [String], _ condition: String?
  ) -> [WatchedTable] {
    let condition: JSONValue? = condition.map(parseCondition)
    if arguments == ["ALL"] {
      return schema.tables.map { watchedTable($0, database, [], condition) }
    }
    guard let first = arguments.first, let table = schema[Text(first)] else {
      invocation.fail(
        "\(server): \(database) does not have a table named \"\(arguments.first ?? "")\"")
    }
    return [watchedTable(table, database, Array(arguments.dropFirst()), condition)]
  }

  private func parseCondition(_ text: String) -> JSONValue {
    do throws(JSONError) {
      return try JSONParser.parse(text)
    } catch { invocation.fail("\"\(text)\": \(error.message)") }
  }

  private func watchedTable(
    _ schema: TableSchema, _ database: Text, _ lists: [String], _ condition: JSONValue?
  ) -> WatchedTable {
    var watched = WatchedTable(schema: schema)
    for list in lists.isEmpty ? [""] : lists {
      var columns: [Int] = []
      var select = JSONObject()
      for part in list.utf8.split(separator: UInt8(ascii: ",")) {
        let word = Text(String(decoding: Array(part), as: UTF8.self))
        switch word {
        case "!initial", "!insert", "!delete", "!modify":
          select[Text(String(decoding: Array(part.dropFirst()), as: UTF8.self))] = false
        default:
          guard let place = schema.place(of: word) else {
            invocation.fail(
              "\(server): table \"\(schema.name)\" in \(database) does not have a column named \"\(word)\"")
          }
          columns.append(place)
        }
      }
      // Without columns all are meant, the row's version after those that the schema names.
      if columns.isEmpty {
        columns = Array(TableSchema.firstPlace..<schema.columns.count) + [TableSchema.versionPlace]
      }
      for place in columns where watched.columns.contains(place) {
        invocation.fail("\(server): column \"\(schema.columns[place].name)\" mentioned multiple times")
      }
      watched.columns += columns
      var request = JSONObject()
      request["columns"] = .array(columns.map { .string(schema.columns[$0].name) })
      if !select.isEmpty { request["select"] = .object(select) }
      if let condition { request["where"] = condition }
      watched.requests.append(.object(request))
    }
    return watched
  }

  // MARK: Output

  private func printUpdates(_ updates: JSONValue, _ watched: [WatchedTable], isInitial: Bool) {
    for table in watched {
      guard let rows = updates[table.schema.name]?.object, !rows.isEmpty else { continue }
      var output = OutputTable(
        columns: ["row", "action"] + table.columns.map { table.schema.columns[$0].name.string },
        caption: watched.count > 1 ? table.schema.name.string : nil)
      for row in rows.members { append(row, table, isInitial: isInitial, to: &output) }
      if settings.showsTimes {
        output.caption =
          CalendarTime(unixMilliseconds: WallClock.milliseconds).text
          + (output.caption.map { "\n" + $0 } ?? "")
      }
      print(output)
    }
  }

  private func append(
    _ row: JSONObject.Member, _ table: WatchedTable, isInitial: Bool, to output: inout OutputTable
  ) {
    if let old = row.value["old"] {
      if let new = row.value["new"] {
        output.append(cells(row.name.string, "old", old, table))
        output.append(cells("", "new", new, table))
      } else {
        output.append(cells(row.name.string, "delete", old, table))
      }
    } else if let new = row.value["new"] {
      output.append(cells(row.name.string, isInitial ? "initial" : "insert", new, table))
    } else if let change = row.value.object?.members.first {
      output.append(cells(row.name.string, change.name.string, change.value, table))
    }
  }

  private func cells(_ name: String, _ action: String, _ row: JSONValue, _ table: WatchedTable) -> [TableCell]
  {
    [.text(name), .text(action)]
      + table.columns.map { place in
        let column = table.schema.columns[place]
        guard let json = row[column.name] else { return .text("") }
        // A difference may have fewer atoms than the column has to have, or more.
        var type = column.type
        type.minimum = 0
        if type.maximum > 1 { type.maximum = ColumnType.unlimited }
        guard let datum = try? Datum(json, type: type) else { return .text(json.string()) }
        return .value(
          json: json, string: datum.displayText(column.type), bare: datum.bareText(column.type))
      }
  }
}

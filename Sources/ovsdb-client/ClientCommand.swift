import Command
import Host
import JSON
import OVSDB

/// One command of the program.
struct ClientCommand {
  let name: String
  let needsDatabase: Bool
  let minimum: Int
  let maximum: Int
  let run: (Client, _ database: Text, _ arguments: [String]) -> Void

  private init(
    _ name: String, needsDatabase: Bool = false, _ minimum: Int, _ maximum: Int,
    _ run: @escaping (Client, Text, [String]) -> Void
  ) {
    self.name = name
    self.needsDatabase = needsDatabase
    self.minimum = minimum
    self.maximum = maximum
    self.run = run
  }

  static var all: [ClientCommand] { schemaCommands + dataCommands + lockCommands }

  private static var schemaCommands: [ClientCommand] {
    [
      ClientCommand("list-dbs", 0, 0) { client, _, _ in
        let names = client.request("list_dbs", []).array ?? []
        for name in names.compactMap({ $0.text }).sorted() { StandardOutput.writeLine(name.string) }
      },
      ClientCommand("get-schema", needsDatabase: true, 0, 0) { client, database, _ in
        client.print(client.schema(database).json)
      },
      ClientCommand("get-schema-version", needsDatabase: true, 0, 0) { client, database, _ in
        StandardOutput.writeLine(client.schema(database).version.string)
      },
      ClientCommand("get-schema-cksum", needsDatabase: true, 0, 0) { client, database, _ in
        StandardOutput.writeLine(client.schema(database).checksum.string)
      },
      ClientCommand("list-tables", needsDatabase: true, 0, 0) { client, database, _ in
        var table = OutputTable(columns: ["Table"])
        for schema in client.schema(database).tables { table.append([.text(schema.name.string)]) }
        client.print(table)
      },
      ClientCommand("list-columns", needsDatabase: true, 0, 1) { client, database, arguments in
        client.listColumns(client.schema(database), table: arguments.first)
      },
      ClientCommand("convert", 1, 1) { client, _, arguments in
        let schema = client.loadSchema(arguments[0])
        _ = client.request("convert", [.string(schema.name), schema.json])
      },
      ClientCommand("needs-conversion", 1, 1) { client, _, arguments in
        let wanted = client.loadSchema(arguments[0])
        StandardOutput.writeLine(client.schema(wanted.name) == wanted ? "no" : "yes")
      },
    ]
  }

  private static var dataCommands: [ClientCommand] {
    [
      ClientCommand("transact", 1, 1) { client, _, arguments in
        client.print(client.request("transact", client.parseTransaction(arguments[0])))
      },
      ClientCommand("query", 1, 1) { client, _, arguments in client.query(arguments[0]) },
      ClientCommand("monitor", needsDatabase: true, 1, .max) { client, database, arguments in
        client.monitor(database, arguments)
      },
      ClientCommand("monitor-cond", needsDatabase: true, 2, .max) { client, database, arguments in
        client.monitor(database, Array(arguments.dropFirst()), condition: arguments[0])
      },
      ClientCommand("monitor-cond-since", needsDatabase: true, 2, .max) { client, database, arguments in
        let isNamed = UUID(arguments[0]) != nil
        let rest = isNamed ? Array(arguments.dropFirst()) : arguments
        client.monitor(
          database, Array(rest.dropFirst()), condition: rest.first ?? "[true]",
          since: isNamed ? arguments[0] : UUID.zero.text)
      },
      ClientCommand("wait", 2, 2) { client, _, arguments in
        client.wait(for: Text(arguments[0]), state: arguments[1])
      },
      ClientCommand("dump", needsDatabase: true, 0, .max) { client, database, arguments in
        client.dump(database, arguments)
      },
      ClientCommand("backup", needsDatabase: true, 0, 0) { client, database, _ in client.backup(database) },
      ClientCommand("restore", needsDatabase: true, 0, 0) { client, database, _ in client.restore(database) },
    ]
  }

  private static var lockCommands: [ClientCommand] {
    ["lock", "steal", "unlock"].map { name in
      ClientCommand(name, 1, 1) { client, _, arguments in client.lock(Text(name), Text(arguments[0])) }
    }
  }
}

extension Client {
  func loadSchema(_ path: String) -> Schema {
    do throws(UsageError) {
      return try Schema.load(path)
    } catch { invocation.fail(error.message) }
  }

  fileprivate func listColumns(_ schema: Schema, table name: String?) {
    var table = OutputTable(columns: ["Column", "Type"])
    for tableSchema in schema.tables where name.map({ Text($0) == tableSchema.name }) ?? true {
      for column in tableSchema.columns {
        table.append([
          .text(column.name.string),
          .value(
            json: column.type.json, string: column.type.json.string(style: .sorted),
            bare: column.type.json.string(style: .sorted)),
        ])
      }
    }
    print(table)
  }

  fileprivate func parseTransaction(_ text: String) -> [JSONValue] {
    do throws(JSONError) {
      guard case .array(let parameters) = try JSONParser.parse(text), parameters.first?.text != nil else {
        invocation.fail("not a valid OVSDB query")
      }
      return parameters
    } catch {
      invocation.fail("\"\(text)\": \(error.message)")
    }
  }

  /// Executes a transaction, and aborts it at its end, so that it changes nothing.
  fileprivate func query(_ text: String) {
    let parameters = parseTransaction(text)
    guard var results = request("transact", parameters + [["op": "abort"]]).array else { return }
    if results.last?["error"]?.text == "aborted" { results.removeLast() }
    print(.array(results))
  }

  fileprivate func lock(_ method: Text, _ name: Text) {
    daemon.start(keeping: .output)
    if daemon.isDetached {
      let server = startControl()
      for (command, method) in [("lock", "lock"), ("steal", "steal"), ("unlock", "unlock")] {
        server.register(command, usage: "LOCK", minimum: 1, maximum: 1) { [self] request in
          send(Text(method), [.string(Text(request.arguments[0]))])
          request.reply()
        }
      }
    }
    print(request(method, [.string(name)]))
    daemon.complete()
    while true {
      switch nextMessage() {
      case .notification(let method, let parameters):
        StandardOutput.writeLine(method.string)
        print(.array(parameters))
      case .reply(let result, _): print(result)
      case .error, .request: continue
      }
    }
  }

  /// Waits until a database is there, is connected, or is gone.
  fileprivate func wait(for database: Text, state: String) {
    guard ["added", "connected", "removed"].contains(state) else {
      invocation.fail("\(state): unknown state")
    }
    _ = attempt("set_db_change_aware", [true])
    _ = request(
      "monitor", ["_Server", .null, ["Database": ["columns": ["name", "connected"]]]])
    while true {
      let results = request(
        "transact",
        [
          "_Server",
          [
            "op": "select", "table": "Database", "where": [["name", "==", .string(database)]],
            "columns": ["connected"],
          ],
        ])
      let row = results.array?.first?["rows"]?.array?.first
      switch state {
      case "added": if row != nil { return }
      case "connected": if row?["connected"]?.bool == true { return }
      default: if row == nil { return }
      }
      _ = nextMessage()
    }
  }
}

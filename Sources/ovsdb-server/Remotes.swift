import Command
import Host
import JSON
import OVSDB

/// A column that names remotes: `db:DATABASE,TABLE,COLUMN`.
struct RemoteColumn: Equatable {
  let database: Text
  let table: Text
  let column: Text

  static let prefix = "db:"

  /// Finds the column; the error is for people.
  init(_ target: String, in server: Server) throws(UsageError) {
    let parts = target.utf8.dropFirst(Self.prefix.utf8.count).split(
      separator: UInt8(ascii: ","), omittingEmptySubsequences: false
    ).map { Text(String(decoding: Array($0), as: UTF8.self)) }
    guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else {
      throw UsageError("\"\(target)\": invalid syntax\n")
    }
    guard let hosted = server.database(parts[0]) else {
      throw UsageError("\"\(target)\": no database named \(parts[0])\n")
    }
    guard let schema = hosted.database.schema[parts[1]] else {
      throw UsageError("\"\(target)\": no table named \(parts[1])\n")
    }
    guard schema.column(parts[2]) != nil else {
      throw UsageError("\"\(target)\": table \"\(parts[1])\" has no column \"\(parts[2])\"\n")
    }
    database = parts[0]
    table = parts[1]
    column = parts[2]
  }

  /// The remotes that the column names at present.
  func targets(_ server: Server) -> [String] {
    guard let database = server.database(database)?.database, let rows = database[table],
      let place = rows.schema.place(of: column)
    else { return [] }
    var targets: [String] = []
    let referenced = rows.schema.columns[place].type.key.referencedTable
    for row in rows.rows.values {
      for atom in row[place].keys {
        if let text = atom.text { targets.append(text.string) }
        guard let uuid = atom.uuid, let referenced, let others = database[referenced],
          let targetPlace = others.schema.place(of: "target"),
          let text = others.rows[uuid]?[targetPlace].scalar?.text
        else { continue }
        targets.append(text.string)
      }
    }
    return targets
  }
}

extension Service {
  /// The remotes that people have asked for.
  var remoteNames: [String] { remotes.values.filter { !$0.isFromDatabase }.map { $0.target } + columns.keys }

  func addRemoteAtStart(_ target: String) {
    do throws(UsageError) {
      try addRemote(target)
    } catch {
      invocation.fail(error.message)
    }
  }

  func addRemote(_ target: String) throws(UsageError) {
    if target.utf8.starts(with: RemoteColumn.prefix.utf8) {
      columns[target] = try RemoteColumn(target, in: server)
    } else if remotes[target] == nil {
      startRemote(target, isFromDatabase: false)
    }
    remotesMayHaveChanged()
  }

  /// Closes a remote; false if there is none of that name.
  func removeRemote(_ target: String) -> Bool {
    if columns.removeValue(forKey: target) != nil {
      remotesMayHaveChanged()
      return true
    }
    guard let remote = remotes[target], !remote.isFromDatabase else { return false }
    remote.close()
    remotes[target] = nil
    return true
  }

  private func startRemote(_ target: String, isFromDatabase: Bool) {
    let remote = Remote(
      target, isFromDatabase: isFromDatabase, on: loop, log: rpcLog,
      portLog: invocation.log.module("socket_util")
    ) { [self] stream, probes, onEnd in
      serve(stream, probes: probes, onEnd: onEnd)
    }
    remotes[target] = remote
    remote.start()
  }

  /// Makes the remotes those that columns name.
  func updateDatabaseRemotes() {
    guard !columns.isEmpty || remotes.values.contains(where: { $0.isFromDatabase }) else { return }
    var wanted: Set<String> = []
    for column in columns.values { wanted.formUnion(column.targets(server)) }
    for (target, remote) in remotes where remote.isFromDatabase && !wanted.contains(target) {
      remote.close()
      remotes[target] = nil
    }
    for target in wanted.sorted() where remotes[target] == nil {
      startRemote(target, isFromDatabase: true)
    }
  }
}

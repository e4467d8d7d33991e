import Command
import Host
import JSON
import OVSDB

/// The commands of the program.
final class Tool {
  let invocation: Invocation
  /// How much `show-log` shows: 0 to 2.
  var verbosity = 0

  init(_ invocation: Invocation) {
    self.invocation = invocation
  }

  var defaultDatabase: String { invocation.directories.database + "/conf.db" }
  var defaultSchema: String { invocation.directories.packageData + "/vswitch.ovsschema" }

  var commands: [Subcommand] {
    [
      Subcommand("create", usage: "[db [schema]]", maximum: 2) { [self] in create($0) },
      Subcommand("compact", usage: "[db [dst]]", maximum: 2) { [self] in compact($0) },
      Subcommand("convert", usage: "[db [schema [dst]]]", maximum: 3) { [self] in convert($0) },
      Subcommand("needs-conversion", maximum: 2) { [self] in needsConversion($0) },
      Subcommand("db-name", usage: "[db]", maximum: 1) { [self] in
        StandardOutput.writeLine(databaseSchema($0).name.string)
      },
      Subcommand("db-version", usage: "[db]", maximum: 1) { [self] in
        StandardOutput.writeLine(databaseSchema($0).version.string)
      },
      Subcommand("db-cksum", usage: "[db]", maximum: 1) { [self] in
        StandardOutput.writeLine(databaseSchema($0).checksum.string)
      },
      Subcommand("db-cid", usage: "db", minimum: 1, maximum: 1) { [self] in refuseStandalone($0) },
      Subcommand("db-sid", usage: "db", minimum: 1, maximum: 1) { [self] in refuseStandalone($0) },
      Subcommand("db-local-address", usage: "db", minimum: 1, maximum: 1) { [self] in refuseStandalone($0) },
      Subcommand("db-is-clustered", usage: "db", minimum: 1, maximum: 1) { [self] in
        Process.exit(isKind($0[0], .clustered) ? 0 : 2)
      },
      Subcommand("db-is-standalone", usage: "db", minimum: 1, maximum: 1) { [self] in
        Process.exit(isKind($0[0], .standalone) ? 0 : 2)
      },
      Subcommand("schema-name", usage: "[schema]", maximum: 1) { [self] in
        StandardOutput.writeLine(fileSchema($0).name.string)
      },
      Subcommand("schema-version", usage: "[schema]", maximum: 1) { [self] in
        StandardOutput.writeLine(fileSchema($0).version.string)
      },
      Subcommand("schema-cksum", usage: "[schema]", maximum: 1) { [self] in
        StandardOutput.writeLine(fileSchema($0).checksum.string)
      },
      Subcommand("query", usage: "[db] trns", minimum: 1, maximum: 2) { [self] in
        transact($0, isReadOnly: true)
      },
      Subcommand("transact", usage: "[db] trns", minimum: 1, maximum: 2) { [self] in
        transact($0, isReadOnly: false)
      },
      Subcommand("show-log", usage: "[db]", maximum: 1) { [self] in showLog($0.first ?? defaultDatabase) },
      Subcommand("compare-versions", usage: "a op b", minimum: 3, maximum: 3) { [self] in
        compareVersions($0)
      },
    ]
  }

  // MARK: Errors

  /// Ends the program with an error of the database.
  func fail(_ error: DatabaseError) -> Never { invocation.fail(error.message) }

  /// Runs what may fail, and ends the program if it does.
  func attempt<Value>(_ body: () throws(DatabaseError) -> Value) -> Value {
    do throws(DatabaseError) {
      return try body()
    } catch { fail(error) }
  }

  private func loadSchema(_ path: String) -> Schema {
    do throws(UsageError) {
      return try Schema.load(path)
    } catch { invocation.fail(error.message) }
  }

  // MARK: Commands

  private func create(_ arguments: [String]) {
    let path = arguments.first ?? defaultDatabase
    let schema = loadSchema(arguments.count > 1 ? arguments[1] : defaultSchema)
    attempt { () throws(DatabaseError) in
      try DatabaseFile.create(path, records: [schema.json])
    }
  }

  private func compact(_ arguments: [String]) {
    rewrite(
      arguments.first ?? defaultDatabase, to: arguments.count > 1 ? arguments[1] : nil, schema: nil,
      comment: "compacted by ovsdb-tool \(Invocation.openVSwitchVersion)")
  }

  private func convert(_ arguments: [String]) {
    let schema = loadSchema(arguments.count > 1 ? arguments[1] : defaultSchema)
    rewrite(
      arguments.first ?? defaultDatabase, to: arguments.count > 2 ? arguments[2] : nil, schema: schema,
      comment: "converted by ovsdb-tool \(Invocation.openVSwitchVersion)")
  }

  /// Writes a database as one record, in place or to another file.
  private func rewrite(_ source: String, to target: String?, schema: Schema?, comment: String) {
    // Whether another program has the file open is told before anything of it is looked at.
    if target == nil, Files.exists(source) {
      do throws(LockFile.Failure) {
        try LockFile.acquire(for: source).release()
      } catch {
        if case .heldByProcess = error {
          invocation.fail("\(source): failed to lock lockfile (Resource temporarily unavailable)")
        }
      }
    }
    attempt { () throws(DatabaseError) in
      var generator = UUIDGenerator.seeded()
      if let target {
        let loaded = try whole(source, generator)
        let database =
          try schema.map { schema throws(DatabaseError) in
            try loaded.converted(to: schema, &generator)
          } ?? loaded
        try DatabaseFile.create(
          target, records: database.snapshot(comment: comment, date: WallClock.milliseconds))
        return
      }
      let (file, loaded) = try DatabaseFile.open(source, generator: generator, cutsTail: false)
      let database =
        try schema.map { schema throws(DatabaseError) in
          try loaded.database.converted(to: schema, &generator)
        } ?? loaded.database
      try file.replace(with: database.snapshot(comment: comment, date: WallClock.milliseconds))
      file.close()
    }
  }

  private func needsConversion(_ arguments: [String]) {
    let database = databaseSchema(arguments)
    let schema = loadSchema(arguments.count > 1 ? arguments[1] : defaultSchema)
    StandardOutput.writeLine(database == schema ? "no" : "yes")
  }

  private func databaseSchema(_ arguments: [String]) -> Schema {
    attempt { () throws(DatabaseError) in
      let path = arguments.first ?? defaultDatabase
      var reader = try standaloneReader(path)
      guard let record = try reader.next() else {
        throw DatabaseError(nil, "\(path): unexpected end of file reading schema")
      }
      return try Schema(record.json)
    }
  }

  private func fileSchema(_ arguments: [String]) -> Schema { loadSchema(arguments.first ?? defaultSchema) }

  private func kind(_ path: String) throws(DatabaseError) -> Journal.Kind {
    try JournalReader(try DatabaseFile.read(path), name: path, .onHost).kind
  }

  private func isKind(_ path: String, _ wanted: Journal.Kind) -> Bool {
    attempt { () throws(DatabaseError) -> Journal.Kind in try self.kind(path) } == wanted
  }

  private func refuseStandalone(_ arguments: [String]) {
    let path = arguments[0]
    let kind = attempt { () throws(DatabaseError) -> Journal.Kind in try self.kind(path) }
    invocation.fail(
      kind == .standalone
        ? "\(path): not a clustered database" : "\(path): clustered databases are not supported")
  }

  func standaloneReader(_ path: String) throws(DatabaseError) -> JournalReader {
    let reader = try JournalReader(try DatabaseFile.read(path), name: path, .onHost)
    guard reader.kind == .standalone else {
      throw DatabaseError(nil, "\(path): cannot apply this operation to clustered database file")
    }
    return reader
  }

  /// The database of a file, every record of which has to be good.
  private func whole(_ path: String, _ generator: UUIDGenerator) throws(DatabaseError) -> Database {
    let loaded = try DatabaseLoader.load(
      try DatabaseFile.read(path), name: path, .onHost, generator: generator)
    if let error = loaded.tailError { throw error }
    return loaded.database
  }

  private func compareVersions(_ arguments: [String]) {
    guard let left = Tool.version(arguments[0]), let right = Tool.version(arguments[2]) else {
      let wrong = Tool.version(arguments[0]) == nil ? arguments[0] : arguments[2]
      invocation.fail("\(wrong): not a valid OVSDB version number")
    }
    let isTrue: Bool
    switch arguments[1] {
    case "<": isTrue = left.lexicographicallyPrecedes(right)
    case "<=": isTrue = !right.lexicographicallyPrecedes(left)
    case "==": isTrue = left == right
    case ">=": isTrue = !left.lexicographicallyPrecedes(right)
    case ">": isTrue = right.lexicographicallyPrecedes(left)
    case "!=": isTrue = left != right
    default: invocation.fail("\(arguments[1]): not a valid relational operator")
    }
    Process.exit(isTrue ? 0 : 2)
  }

  private static func version(_ text: String) -> [UInt32]? {
    var numbers: [UInt32] = []
    for part in text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
      guard let number = UInt32(String(decoding: Array(part), as: UTF8.self)) else { return nil }
      numbers.append(number)
    }
    return numbers.count == 3 ? numbers : nil
  }
}

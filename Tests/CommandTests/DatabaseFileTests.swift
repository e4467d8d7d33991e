import Command
import Glibc
import Host
import JSON
import OVSDB
import Testing

@Suite struct DatabaseFileTests {
  static let schema: JSONValue = ["name": "D", "tables": ["T": ["columns": ["c": ["type": "string"]]]]]

  /// The path of a new file, which `body` may use while it runs.
  static func withPath(_ body: (String) throws -> Void) throws {
    let path = "/tmp/apus-\(Process.identifier)-\(Random.integer()).db"
    defer {
      try? Files.remove(path)
      try? Files.remove(LockFile.path(for: path))
    }
    try body(path)
  }

  static func row(_ value: String) -> JSONValue {
    let uuid = UUID(high: Random.integer(), low: Random.integer())
    return ["T": .object([Text(uuid.text): ["c": .string(Text(value))]])]
  }

  @Test("records have the checksum SHA-1")
  func checksum() throws {
    // From sha1sum.
    #expect(
      String(decoding: try Journal.onHost.bytes([["a": 1]]), as: UTF8.self)
        == "OVSDB JSON 8 8a3d961f7fe8ef7b41d461059884a9461be85059\n{\"a\":1}\n")
  }

  @Test("what is appended is there when the file is opened again")
  func append() throws {
    try Self.withPath { path in
      try DatabaseFile.create(path, records: [Self.schema])
      #expect(throws: DatabaseError.self) { try DatabaseFile.create(path, records: []) }
      for count in 0..<3 {
        let (file, loaded) = try DatabaseFile.open(path, generator: .seeded(), cutsTail: false)
        #expect(loaded.database.rowCount == count)
        try file.append(Self.row("\(count)"))
        try file.synchronize()
        file.close()
      }
    }
  }

  @Test("a torn end is refused, or cut off so that what follows is read")
  func tornEnd() throws {
    try Self.withPath { path in
      try DatabaseFile.create(path, records: [Self.schema])
      let whole = try DatabaseFile.open(path, generator: .seeded(), cutsTail: false).file
      try whole.append(Self.row("good"))
      whole.close()
      let torn = try Journal.onHost.bytes([Self.row("torn")]).dropLast(5)
      try Files.replace(path, with: try Files.read(path) + torn)
      #expect(throws: DatabaseError.self) {
        try DatabaseFile.open(path, generator: .seeded(), cutsTail: false)
      }
      let (file, loaded) = try DatabaseFile.open(path, generator: .seeded(), cutsTail: true)
      #expect(loaded.tailError != nil && loaded.database.rowCount == 1)
      try file.append(Self.row("next"))
      file.close()
      let again = try DatabaseFile.open(path, generator: .seeded(), cutsTail: false)
      #expect(again.loaded.database.rowCount == 2)
      again.file.close()
    }
  }

  @Test("a file is replaced as a whole, and appended to after that")
  func replace() throws {
    try Self.withPath { path in
      try DatabaseFile.create(path, records: [Self.schema])
      let (file, _) = try DatabaseFile.open(path, generator: .seeded(), cutsTail: false)
      for number in 0..<10 { try file.append(Self.row("\(number)")) }
      let before = file.byteCount
      try file.replace(with: [Self.schema])
      #expect(file.byteCount < before)
      try file.append(Self.row("after"))
      file.close()
      let again = try DatabaseFile.open(path, generator: .seeded(), cutsTail: false)
      #expect(again.loaded.database.rowCount == 1)
      again.file.close()
    }
  }

  @Test("a file that cannot be opened again takes no records until it can")
  func replaceWithoutDirectory() throws {
    let directory = "/tmp/apus-\(Process.identifier)-\(Random.integer())"
    let path = directory + "/d.db"
    try Files.makeDirectory(directory)
    defer {
      for name in ["/d.db", "/.d.db.~lock~", ".away/d.db", ".away/.d.db.~lock~"] {
        try? Files.remove(directory + name)
      }
      rmdir(directory)
    }
    try DatabaseFile.create(path, records: [Self.schema])
    let (file, _) = try DatabaseFile.open(path, generator: .seeded(), cutsTail: false)
    try file.append(Self.row("first"))
    try Files.rename(directory, to: directory + ".away")
    #expect(throws: DatabaseError.self) { try file.replace(with: [Self.schema]) }
    // Whoever opens a file now gets the number that the database's had.
    let stranger = try File("/tmp", .read)
    #expect(throws: DatabaseError.self) { try file.append(Self.row("lost")) }
    stranger.close()
    try Files.rename(directory + ".away", to: directory)
    try file.append(Self.row("second"))
    file.close()
    let again = try DatabaseFile.open(path, generator: .seeded(), cutsTail: false)
    #expect(again.loaded.database.rowCount == 2)
    again.file.close()
  }

  @Test("what is not there, or is no database, is told in Open vSwitch's words")
  func faults() throws {
    try Self.withPath { path in
      #expect(throws: DatabaseError("I/O error", "\(path): open failed (No such file or directory)")) {
        try DatabaseFile.open(path, generator: .seeded(), cutsTail: true)
      }
      #expect(throws: UsageError.self) { try Schema.load(path) }
      try Files.replace(path, with: Array("hello\n".utf8))
      #expect(throws: DatabaseError(nil, "\(path): unexpected file format")) {
        try DatabaseFile.open(path, generator: .seeded(), cutsTail: true)
      }
    }
  }
}

import JSON
import OVSDB

/// A small schema with a column of each shape.
private let schema = #"""
  {"name":"D","tables":{"A":{"isRoot":true,"indexes":[["i"]],"columns":{"i":{"type":"integer"},
  "s":{"type":{"key":"string","min":0,"max":"unlimited"}},
  "m":{"type":{"key":"string","value":"real","min":0,"max":"unlimited"}},
  "b":{"type":{"key":{"type":"uuid","refTable":"B"},"min":0,"max":"unlimited"}},
  "w":{"type":{"key":{"type":"uuid","refTable":"B","refType":"weak"},"min":0}}}},
  "B":{"columns":{"n":{"type":{"key":{"type":"string","maxLength":8}}}}}}}
  """#

/// With one checksum for all records, so that what is in them can be changed without one.
private func journal() -> Journal {
  Journal { _ throws(DatabaseError) in [UInt8](repeating: 0, count: 20) }
}

/// Reads an input as what its first byte says: a file, the record of a transaction, operations, or a schema.
///
/// Whatever it is, an error is a value.
func fuzz(_ input: Span<UInt8>) {
  guard input.count > 1 else { return }
  let bytes = Array([UInt8](input).dropFirst())
  let generator = UUIDGenerator(seed: (1, 2, 3, 4))
  if input[0] & 3 == 0 {
    load(bytes, generator)
    return
  }
  guard let json = try? JSONParser.parse(bytes), let base = try? Schema(JSONParser.parse(schema)) else {
    return
  }
  switch input[0] & 3 {
  case 1: load([base.json, json], generator)
  case 2:
    let database = Database(schema: base, generator: generator)
    let transaction = Transaction(on: database)
    _ = transaction.execute(json.array ?? [json], ExecutionContext())
    guard let changes = try? transaction.prepare(),
      let record = database.journalRecord(changes, date: 0)
    else { return }
    load([base.json, record], generator)
  default:
    guard let schema = try? Schema(json) else { return }
    guard (try? Schema(schema.json)) == schema else { fatalError("the schema does not read back") }
  }
}

/// Loads records that were written just now.
private func load(_ records: [JSONValue], _ generator: UUIDGenerator) {
  guard let bytes = try? journal().bytes(records) else { fatalError("records cannot be written") }
  load(bytes, generator)
}

/// Loads a file, and what it holds once more after it has been compacted.
private func load(_ bytes: [UInt8], _ generator: UUIDGenerator) {
  guard let loaded = try? DatabaseLoader.load(bytes, name: "file", journal(), generator: generator),
    let compacted = try? journal().bytes(loaded.database.snapshot(comment: "", date: 0))
  else { return }
  guard
    let again = try? DatabaseLoader.load(compacted, name: "file", journal(), generator: generator),
    again.tailError == nil, again.database.rowCount == loaded.database.rowCount
  else { fatalError("the compacted file does not read back") }
}

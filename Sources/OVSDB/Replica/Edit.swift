// What: changes that a client prepares on a replica, to be sent as one transaction.
//
// How: the replica underneath stays as it is; inserted and deleted rows and new values lie over it, and reads
// go through them, so that each step of a longer change sees those before it. Elements put into or taken out of
// a set or map are remembered as such, and sent as mutations: adding one port to a bridge costs the same
// whether the bridge has ten ports or ten thousand, and two clients that do so do not undo each other's work.

public import JSON

/// A row of a table, which may exist only in an edit so far.
public struct RowHandle: Hashable, Sendable {
  /// Name of the table.
  public let table: Text
  /// Name of the row; for a row that an edit inserts, its name within that edit.
  public let uuid: UUID

  /// Makes a reference.
  public init(_ table: Text, _ uuid: UUID) {
    self.table = table
    self.uuid = uuid
  }
}

/// Changes that a client prepares, to be sent as one transaction.
public struct Edit {
  /// A change to one row.
  struct RowChange {
    let row: RowHandle
    var isInserted = false
    /// Whether an inserted row is to keep its UUID, rather than get one from the server.
    var keepsUUID = false
    var isDeleted = false
    /// Values as reads see them.
    var values: [Text: Datum] = [:]
    /// Columns that are written as a whole, in the order of their first write.
    var writtenColumns: [Text] = []
    /// Mutations of columns that are not written as a whole, in order.
    var mutations: [Mutation] = []
  }

  /// Elements put into or taken out of a column.
  struct Mutation {
    let column: Text
    let mutator: Text
    var elements: Datum
  }

  /// What the edit starts from.
  public let replica: Replica
  var changes: [UUID: RowChange] = [:]
  /// Rows in the order in which they were first changed.
  var order: [UUID] = []
  var verified: [(row: RowHandle, column: Text)] = []
  var comments: [String] = []
  var incremented: (row: RowHandle, column: Text)?
  /// The rows that have, or had, a value in a column, for columns that rows were looked for by.
  private var finders: [Text: [Text: [Atom: [UUID]]]] = [:]

  /// Starts with no changes.
  public init(_ replica: Replica) {
    self.replica = replica
  }

  // MARK: reading

  /// The rows of a table in the order of their names, inserted ones last in the order of their insertion.
  public func rows(_ table: Text) -> [RowHandle] {
    var rows: [RowHandle] = []
    for row in replica.rows(of: table) where changes[row.uuid]?.isDeleted != true {
      rows.append(RowHandle(table, row.uuid))
    }
    for uuid in order {
      if let change = changes[uuid], change.isInserted, !change.isDeleted, change.row.table == table {
        rows.append(change.row)
      }
    }
    return rows
  }

  /// The rows of a table whose value of a column is one atom, in the order of `rows`.
  ///
  /// The first time all rows are looked at, and after that only those that have the value.
  public mutating func rows(_ table: Text, where column: Text, is value: Atom) -> [RowHandle] {
    if finders[table]?[column] == nil {
      var found: [Atom: [UUID]] = [:]
      for row in rows(table) {
        if let atom = self[row, column].scalar { found[atom, default: []].append(row.uuid) }
      }
      finders[table, default: [:]][column] = found
    }
    var rows: [RowHandle] = []
    for uuid in finders[table]?[column]?[value] ?? [] {
      let row = RowHandle(table, uuid)
      if exists(row), self[row, column].scalar == value, !rows.contains(row) { rows.append(row) }
    }
    return rows
  }

  /// Lets a row be found by what a column has now.
  private mutating func noteValue(_ row: RowHandle, _ column: Text) {
    guard finders[row.table]?[column] != nil, let atom = self[row, column].scalar else { return }
    finders[row.table]?[column]?[atom, default: []].append(row.uuid)
  }

  /// Whether a row exists.
  public func exists(_ row: RowHandle) -> Bool {
    if let change = changes[row.uuid] { return !change.isDeleted && change.row.table == row.table }
    return replica.row(row.uuid, of: row.table) != nil
  }

  /// The value of a column, its default if the replica does not keep it.
  public subscript(row: RowHandle, column: Text) -> Datum {
    if let value = changes[row.uuid]?.values[column] { return value }
    if let value = replica.row(row.uuid, of: row.table)?[column] { return value }
    return self.column(column, of: row)?.type.defaultDatum ?? .empty
  }

  /// A column's schema.
  public func column(_ name: Text, of row: RowHandle) -> ColumnSchema? {
    replica.schema[row.table]?.column(name)
  }

  /// Whether a row is inserted by this edit.
  public func isInserted(_ row: RowHandle) -> Bool { changes[row.uuid]?.isInserted == true }

  // MARK: writing

  /// Inserts a row, whose columns have their defaults; the UUID is chosen by the caller.
  ///
  /// The server gives the row another UUID, which the outcome tells, unless `keepsUUID`.
  @discardableResult
  public mutating func insert(_ table: Text, uuid: UUID, keepsUUID: Bool = false) -> RowHandle {
    let row = RowHandle(table, uuid)
    change(row) { change in
      change.isInserted = true
      change.keepsUUID = keepsUUID
    }
    if let columns = finders[table]?.keys.sorted() { for column in columns { noteValue(row, column) } }
    return row
  }

  /// Deletes a row.
  public mutating func delete(_ row: RowHandle) {
    change(row) { $0.isDeleted = true }
  }

  /// Gives a column a value as a whole.
  public mutating func set(_ row: RowHandle, _ column: Text, _ value: Datum) {
    let isUnchanged = replica.row(row.uuid, of: row.table)?[column] == value
    if isUnchanged, changes[row.uuid]?.values[column] == nil { return }
    change(row) { change in
      change.values[column] = value
      change.mutations.removeAll { $0.column == column }
      if !change.writtenColumns.contains(column) { change.writtenColumns.append(column) }
    }
    noteValue(row, column)
  }

  /// Puts elements into a set, or pairs into a map, where they replace those with the same keys.
  public mutating func insert(_ elements: Datum, into column: Text, of row: RowHandle) {
    var replaced = Datum.empty
    if elements.isMap {
      let old = self[row, column]
      replaced = Datum(set: elements.keys.filter { old.contains($0) })
    }
    let base = changes[row.uuid]?.values[column] == nil ? self[row, column] : .empty
    change(row) { change in
      var value = change.values.removeValue(forKey: column) ?? base
      if elements.isMap { value = elements.merging(value) } else { value.formUnion(elements) }
      change.values[column] = value
      if change.isInserted || change.writtenColumns.contains(column) {
        if !change.writtenColumns.contains(column) { change.writtenColumns.append(column) }
        return
      }
      // A map's insertion leaves keys that are there alone, so those go first.
      if !replaced.isEmpty { change.mutate(column, "delete", replaced) }
      change.mutate(column, "insert", elements)
    }
    noteValue(row, column)
  }

  /// Takes elements out of a set, or out of a map the pairs that match both key and value.
  public mutating func remove(_ elements: Datum, from column: Text, of row: RowHandle) {
    remove(elements, from: column, of: row, leaving: self[row, column].subtracting(elements))
  }

  /// Takes pairs out of a map by their keys alone.
  public mutating func remove(keys: Datum, from column: Text, of row: RowHandle) {
    remove(keys, from: column, of: row, leaving: self[row, column].removing(keys: keys))
  }

  private mutating func remove(
    _ elements: Datum, from column: Text, of row: RowHandle, leaving rest: Datum
  ) {
    if rest == self[row, column] { return }
    change(row) { change in
      change.values[column] = rest
      if change.isInserted || change.writtenColumns.contains(column) { return }
      change.mutate(column, "delete", elements)
    }
    noteValue(row, column)
  }

  /// Lets the transaction go through only if a column still has the value that the replica has.
  public mutating func verify(_ row: RowHandle, _ column: Text) {
    if changes[row.uuid]?.isInserted == true || replica.row(row.uuid, of: row.table) == nil { return }
    if verified.contains(where: { $0.row == row && $0.column == column }) { return }
    verified.append((row, column))
  }

  /// Adds a line to the comment that the server keeps with the transaction.
  public mutating func comment(_ line: String) {
    comments.append(line)
  }

  /// Adds one to an integer column, and has the outcome tell its new value; only if there are other changes.
  public mutating func increment(_ row: RowHandle, _ column: Text) {
    incremented = (row, column)
  }

  private mutating func change(_ row: RowHandle, _ body: (inout RowChange) -> Void) {
    if changes[row.uuid] == nil {
      changes[row.uuid] = RowChange(row: row)
      order.append(row.uuid)
    }
    if var change = changes.removeValue(forKey: row.uuid) {
      body(&change)
      changes[row.uuid] = change
    }
  }
}

extension Edit.RowChange {
  mutating func mutate(_ column: Text, _ mutator: Text, _ elements: Datum) {
    // What is put into a set at once is one mutation.
    if mutator == "insert", !elements.isMap, let last = mutations.indices.last,
      mutations[last].column == column, mutations[last].mutator == mutator
    {
      mutations[last].elements.formUnion(elements)
      return
    }
    mutations.append(Edit.Mutation(column: column, mutator: mutator, elements: elements))
  }
}

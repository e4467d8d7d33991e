import JSON

// What has to hold before a transaction becomes part of the database (RFC 7047, section 4.1.3).
//
// The order is Open vSwitch's, so that a transaction with several faults is refused for the same one: strong
// references, garbage, number of rows, weak references, indexes.

extension Transaction {
  /// Checks the transaction as a whole, and removes what nothing refers to any more.
  ///
  /// The changes that are returned are not in the database yet; `Database.apply` makes them, after they have
  /// been written to the journal.
  public func prepare() throws(DatabaseError) -> [RowChange] {
    forgetUnchanged()
    guard layers.contains(where: { !$0.rows.isEmpty }) else { return [] }
    var references = try countReferences()
    try collectGarbage(&references)
    try checkReferenced(references)
    try checkRowCounts()
    try removeWeakReferences()
    forgetUnchanged()
    try checkIndexes()
    return changes()
  }

  /// Forgets rows that are again as they were.
  private func forgetUnchanged() {
    for table in layers.indices {
      for (uuid, new) in layers[table].rows {
        let old = database.tables[table].rows[uuid]
        if old?.data == new?.data { forget(table, uuid) }
      }
      let rows = layers[table].rows
      layers[table].order.removeAll { rows[$0] == nil }
    }
  }

  private func changes() -> [RowChange] {
    var changes: [RowChange] = []
    for table in layers.indices {
      for uuid in layers[table].order {
        guard case .some(var new) = layers[table].rows[uuid] else { continue }
        new?.version = database.generator.next()
        changes.append(RowChange(table: table, old: database.tables[table].rows[uuid], new: new))
      }
    }
    return changes
  }

  // MARK: Strong references

  /// By how much the transaction changes the number of strong references to rows.
  private typealias ReferenceSteps = [RowReference: Int]

  private func countReferences() throws(DatabaseError) -> ReferenceSteps {
    var steps: ReferenceSteps = [:]
    for table in layers.indices {
      for uuid in layers[table].order {
        try countReferences(RowReference(table: table, uuid: uuid), into: &steps)
      }
    }
    return steps
  }

  private func countReferences(_ changed: RowReference, into steps: inout ReferenceSteps)
    throws(DatabaseError)
  {
    let old = database.tables[changed.table].rows[changed.uuid]
    let new = row(changed.table, changed.uuid)
    for column in database.tables[changed.table].referenceColumns where column.isStrong {
      if let old, let new, old[column.place] == new[column.place] { continue }
      if let old {
        for case .uuid(let target) in column.atoms(of: old) {
          steps[RowReference(table: column.target, uuid: target), default: 0] -= 1
        }
      }
      guard let new else { continue }
      for case .uuid(let target) in column.atoms(of: new) {
        guard row(column.target, target) != nil || database.tables[column.target].rows[target] != nil else {
          throw danglingReference(changed, column, target)
        }
        steps[RowReference(table: column.target, uuid: target), default: 0] += 1
      }
    }
  }

  private func danglingReference(
    _ changed: RowReference, _ column: ReferenceColumn, _ target: UUID
  ) -> DatabaseError {
    let table = database.tables[changed.table].schema
    return DatabaseError(
      "referential integrity violation",
      "Table \(table.name) column \(table.columns[column.place].name) row \(changed.uuid) "
        + "references nonexistent row \(target) in table \(database.tables[column.target].schema.name).")
  }

  /// The number of strong references to a row after the transaction.
  private func referenceCount(_ row: RowReference, _ steps: ReferenceSteps) -> Int {
    database.tables[row.table].strongReferenceCounts[row.uuid, default: 0] + steps[row, default: 0]
  }

  /// Deletes the rows of tables that are not roots, if nothing refers to them, and so on for theirs.
  private func collectGarbage(_ steps: inout ReferenceSteps) throws(DatabaseError) {
    var pending: [RowReference] = []
    for table in layers.indices where !database.tables[table].schema.isRoot {
      for uuid in layers[table].order { pending.append(RowReference(table: table, uuid: uuid)) }
    }
    for target in steps.keys where !database.tables[target.table].schema.isRoot {
      pending.append(target)
    }
    while let candidate = pending.popLast() {
      guard let row = row(candidate.table, candidate.uuid), referenceCount(candidate, steps) == 0 else {
        continue
      }
      delete(candidate.table, candidate.uuid)
      for column in database.tables[candidate.table].referenceColumns where column.isStrong {
        for case .uuid(let uuid) in column.atoms(of: row) {
          let target = RowReference(table: column.target, uuid: uuid)
          steps[target, default: 0] -= 1
          if !database.tables[column.target].schema.isRoot { pending.append(target) }
        }
      }
    }
  }

  /// Refuses to delete rows that others still refer to.
  private func checkReferenced(_ steps: ReferenceSteps) throws(DatabaseError) {
    for table in layers.indices {
      for uuid in layers[table].order where row(table, uuid) == nil {
        let count = referenceCount(RowReference(table: table, uuid: uuid), steps)
        guard count > 0 else { continue }
        throw DatabaseError(
          "referential integrity violation",
          "cannot delete \(database.tables[table].schema.name) row \(uuid) because of \(count) "
            + "remaining reference(s)")
      }
    }
  }

  // MARK: Weak references

  /// Removes weak references to rows that do not exist, from the rows that the transaction has changed and
  /// from those that refer to what it has deleted.
  private func removeWeakReferences() throws(DatabaseError) {
    var referrers: [RowReference] = []
    // One row may refer to many that are deleted, and is looked through once.
    var known: Set<RowReference> = []
    for table in layers.indices {
      for uuid in layers[table].order {
        if row(table, uuid) != nil {
          let changed = RowReference(table: table, uuid: uuid)
          if known.insert(changed).inserted { referrers.append(changed) }
        } else if let others = database.tables[table].weakReferrers[uuid] {
          for other in others.keys where known.insert(other).inserted { referrers.append(other) }
        }
      }
    }
    for referrer in referrers {
      try removeWeakReferences(referrer)
    }
  }

  private func removeWeakReferences(_ referrer: RowReference) throws(DatabaseError) {
    let table = database.tables[referrer.table]
    guard table.referenceColumns.contains(where: { !$0.isStrong }),
      var row = row(referrer.table, referrer.uuid)
    else { return }
    var hasChanged = false
    for column in table.referenceColumns where !column.isStrong {
      let datum = row[column.place]
      let kept = datum.keepingReferences(column) { self.row(column.target, $0) != nil }
      guard kept.count != datum.count else { continue }
      if kept.count < table.schema.columns[column.place].type.minimum {
        throw emptiedWeakReference(referrer, column, datum, kept)
      }
      row.set(column.place, kept)
      hasChanged = true
    }
    if hasChanged { put(referrer.table, row) }
  }

  private func emptiedWeakReference(
    _ referrer: RowReference, _ column: ReferenceColumn, _ datum: Datum, _ kept: Datum
  ) -> DatabaseError {
    let table = database.tables[referrer.table]
    let name = table.schema.columns[column.place].name
    let isNew = table.rows[referrer.uuid] == nil
    let atoms = column.isValue ? datum.values : datum.keys
    if isNew && atoms.allSatisfy({ $0.uuid?.isZero ?? false }) {
      return .constraint(
        "Weak reference column \"\(name)\" in \"\(table.schema.name)\" row \(referrer.uuid) (inserted within "
          + "this transaction) contained all-zeros UUID (probably as the default value for this column) but "
          + "deleting this value caused a constraint volation because this column is not allowed to be empty."
      )
    }
    return .constraint(
      "Deletion of \(datum.count - kept.count) weak reference(s) to deleted (or never-existing) rows from "
        + "column \"\(name)\" in \"\(table.schema.name)\" row \(referrer.uuid) "
        + (isNew ? "(inserted within this transaction) " : "")
        + "caused this column to become empty, but constraints on this column disallow an empty column.")
  }

  // MARK: Number of rows and indexes

  private func checkRowCounts() throws(DatabaseError) {
    for place in layers.indices where !layers[place].rows.isEmpty {
      let table = database.tables[place]
      var count = table.rows.count
      for uuid in layers[place].order {
        let wasThere = table.rows[uuid] != nil
        let isThere = row(place, uuid) != nil
        count += (isThere ? 1 : 0) - (wasThere ? 1 : 0)
      }
      guard count > table.rows.count, count > table.schema.maximumRowCount else { continue }
      throw .constraint(
        "transaction causes \"\(table.schema.name)\" table to contain \(count) rows, greater than the "
          + "schema-defined limit of \(table.schema.maximumRowCount) row(s)")
    }
  }

  private func checkIndexes() throws(DatabaseError) {
    for place in layers.indices where !layers[place].rows.isEmpty {
      let table = database.tables[place]
      for (number, columns) in table.schema.indexes.enumerated() {
        var changed: [IndexKey: Row] = [:]
        for uuid in layers[place].order {
          guard let row = row(place, uuid) else { continue }
          let key = IndexKey(row, columns)
          if let other = changed.updateValue(row, forKey: key) {
            throw duplicate(place, columns, row, other)
          }
          if let otherUUID = table.indexes[number][key], otherUUID != uuid, !hasTouched(place, otherUUID),
            let other = table.rows[otherUUID]
          {
            throw duplicate(place, columns, row, other)
          }
        }
      }
    }
  }

  private func duplicate(_ table: Int, _ columns: [Int], _ first: Row, _ second: Row) -> DatabaseError {
    let schema = database.tables[table].schema
    let values = Transaction.enumeration(
      columns.map { first[$0].displayText(schema.columns[$0].type) })
    let names = columns.map { "\"\(schema.columns[$0].name)\"" }
    return .constraint(
      "Transaction causes multiple rows in \"\(schema.name)\" table to have identical values (\(values)) for "
        + "index on \(columns.count > 1 ? "columns" : "column") \(Transaction.enumeration(names)).  "
        + "First row, with UUID \(first.uuid), \(history(table, columns, first))  "
        + "Second row, with UUID \(second.uuid), \(history(table, columns, second))")
  }

  /// Words with commas and "and" between them.
  private static func enumeration(_ words: [String]) -> String {
    switch words.count {
    case 0...1: words.first ?? ""
    case 2: "\(words[0]) and \(words[1])"
    default: words.dropLast().joined(separator: ", ") + ", and \(words[words.count - 1])"
    }
  }

  private func history(_ table: Int, _ columns: [Int], _ row: Row) -> String {
    guard let old = database.tables[table].rows[row.uuid] else { return "was inserted by this transaction." }
    guard hasTouched(table, row.uuid) else {
      return "existed in the database before this transaction and was not modified by the transaction."
    }
    guard IndexKey(old, columns) != IndexKey(row, columns) else {
      return "existed in the database before this transaction, which modified some of the row's columns but "
        + "not any columns in this index."
    }
    let schema = database.tables[table].schema
    let values = Transaction.enumeration(
      columns.map { old[$0].displayText(schema.columns[$0].type) })
    return "had the following index values before the transaction: \(values)."
  }
}

extension Datum {
  /// The atoms or pairs whose references lead somewhere.
  fileprivate func keepingReferences(_ column: ReferenceColumn, _ exists: (UUID) -> Bool) -> Datum {
    let keys = keys
    let values = values
    let atoms = column.isValue ? values : keys
    let kept = atoms.indices.filter { atoms[$0].uuid.map(exists) ?? true }
    guard kept.count != keys.count else { return self }
    if isMap { return Datum(sortedKeys: kept.map { keys[$0] }, values: kept.map { values[$0] }) }
    return Datum(sortedSet: kept.map { keys[$0] })
  }
}

import JSON

/// How an update says what has changed.
enum ReplicaUpdateFormat {
  /// `table-updates` of RFC 7047, section 4.1.6: a row's old and new columns.
  case whole
  /// `table-updates2`: a row is inserted, deleted or modified, the latter given as differences.
  case differences
}

/// What an update does to one row.
enum ReplicaRowUpdate {
  /// The row has these columns now, and defaults in all others.
  case store(JSONObject)
  /// These columns have changed, by these differences.
  case modify(JSONObject)
  case delete

  init(_ update: JSONObject, format: ReplicaUpdateFormat) throws(ReplicaError) {
    switch format {
    case .whole:
      guard let new = update["new"], !new.isNull else {
        self = .delete
        return
      }
      guard case .object(let columns) = new else { throw .malformed("new row is not an object") }
      self = .store(columns)
    case .differences:
      if let columns = (update["initial"] ?? update["insert"])?.object {
        self = .store(columns)
      } else if let columns = update["modify"]?.object {
        self = .modify(columns)
      } else if update["delete"] != nil {
        self = .delete
      } else {
        throw .malformed("row update of no known kind")
      }
    }
  }
}

extension ReplicaLayout {
  /// The values of a row, of which the JSON leaves out those that are the default.
  func values(_ json: JSONObject) throws(ReplicaError) -> [Datum] {
    var values: [Datum] = []
    values.reserveCapacity(columns.count)
    for column in columns {
      if let value = json[column.name] {
        values.append(try column.replicaValue(value))
      } else {
        values.append(column.type.defaultDatum)
      }
    }
    return values
  }
}

extension ReplicaRow {
  /// Applies the differences of a `modify` update.
  mutating func apply(differences: JSONObject) throws(ReplicaError) {
    for member in differences.members {
      guard let place = layout.place(of: member.name) else { continue }
      let column = layout.columns[place]
      let difference = try column.replicaValue(member.value)
      values[place] = values[place].applying(difference: difference, column.type)
    }
  }
}

extension ColumnSchema {
  /// A value as the server sent it; the server has checked the constraints.
  func replicaValue(_ json: JSONValue) throws(ReplicaError) -> Datum {
    do throws(DatabaseError) {
      return try Datum(json, type: type)
    } catch {
      throw .malformed("column \(name): \(error.message)")
    }
  }
}

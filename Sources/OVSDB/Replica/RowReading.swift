public import JSON

// Typed views of the values of rows, for those who know what type a column has.

extension Datum {
  /// The one string of a value, if it is one.
  public var text: Text? { scalar?.text }

  /// The one integer of a value, if it is one.
  public var integer: Int64? { scalar?.integer }

  /// The one truth value of a value, if it is one.
  public var boolean: Bool? { scalar?.boolean }

  /// The strings of a set, in order.
  public var texts: [Text] { keys.compactMap { $0.text } }

  /// The integers of a set, in order.
  public var integers: [Int64] { keys.compactMap { $0.integer } }

  /// The rows that a set refers to, in order.
  public var references: [UUID] { keys.compactMap { $0.uuid } }

  /// The pairs of a map from strings to strings, in order.
  public var textPairs: [(key: Text, value: Text)] {
    let values = self.values
    var pairs: [(key: Text, value: Text)] = []
    for (index, key) in keys.enumerated() where index < values.count {
      if let key = key.text, let value = values[index].text { pairs.append((key, value)) }
    }
    return pairs
  }

  /// A set of strings.
  public init(texts: [Text]) { self.init(set: texts.map { .string($0) }) }

  /// A set of references to rows.
  public init(references: [UUID]) { self.init(set: references.map { .uuid($0) }) }

  /// A map from strings to strings.
  public init(textPairs: [(key: Text, value: Text)]) {
    self.init(map: textPairs.map { (.string($0.key), .string($0.value)) })
  }
}

extension Replica {
  /// The first row of a table, for tables that have one row at most.
  public func onlyRow(of table: Text) -> ReplicaRow? { rows(of: table).first }
}

extension ReplicaRow {
  /// The string of a column, empty if there is none.
  public func text(_ column: Text) -> Text { self[column]?.text ?? "" }

  /// The integer of a column, if there is one.
  public func integer(_ column: Text) -> Int64? { self[column]?.integer }

  /// The truth value of a column, false if there is none.
  public func isTrue(_ column: Text) -> Bool { self[column]?.boolean ?? false }

  /// The rows that a column refers to.
  public func references(_ column: Text) -> [UUID] { self[column]?.references ?? [] }

  /// What a map column has for a key.
  public func text(_ column: Text, key: Text) -> Text? { self[column]?[key] }
}

public import JSON

/// The value of a column: an atom, a set of atoms, or a map from atoms to atoms.
///
/// Keys are sorted and distinct, so two values are equal if their parts are. A scalar, which most columns
/// hold, needs no memory of its own.
public struct Datum: Hashable, Sendable {
  enum Storage: Hashable, Sendable {
    case empty
    case one(Atom)
    /// Two or more.
    case set([Atom])
    /// One or more.
    case map(keys: [Atom], values: [Atom])
  }

  private(set) var storage: Storage

  init(_ storage: Storage) {
    self.storage = storage
  }

  /// Nothing: an empty set or map.
  public static var empty: Datum { Datum(.empty) }

  /// A single atom.
  public init(_ atom: Atom) {
    storage = .one(atom)
  }

  /// A set, whatever the order of its atoms; repeated ones count once.
  public init(set atoms: some Sequence<Atom>) {
    var sorted = Array(atoms)
    sorted.sort()
    sorted.removeRepeated()
    self.init(sortedSet: sorted)
  }

  /// A map, whatever the order of its pairs; of pairs with the same key the last counts.
  public init(map pairs: some Sequence<(Atom, Atom)>) {
    var values: [Atom: Atom] = [:]
    for (key, value) in pairs { values[key] = value }
    let keys = values.keys.sorted()
    self.init(sortedKeys: keys, values: keys.map { values[$0] ?? $0 })
  }

  init(sortedSet atoms: [Atom]) {
    switch atoms.count {
    case 0: storage = .empty
    case 1: storage = .one(atoms[0])
    default: storage = .set(atoms)
    }
  }

  init(sortedKeys keys: [Atom], values: [Atom]) {
    storage = keys.isEmpty ? .empty : .map(keys: keys, values: values)
  }

  /// Adds the atoms of another set; few of them without a copy of the others.
  mutating func formUnion(_ other: Datum) {
    guard case .set(var atoms) = storage, other.count < 16 else {
      self = union(other)
      return
    }
    storage = .empty
    for atom in other.keys {
      let place = atoms.sortedInsertionPlace(of: atom)
      if place == atoms.count || atoms[place] != atom { atoms.insert(atom, at: place) }
    }
    storage = .set(atoms)
  }

  /// Number of atoms, or of pairs.
  public var count: Int {
    switch storage {
    case .empty: 0
    case .one: 1
    case .set(let atoms): atoms.count
    case .map(let keys, _): keys.count
    }
  }

  /// Whether there is nothing.
  public var isEmpty: Bool { if case .empty = storage { true } else { false } }

  /// The atoms of a set or the keys of a map, sorted.
  public var keys: [Atom] {
    switch storage {
    case .empty: []
    case .one(let atom): [atom]
    case .set(let atoms): atoms
    case .map(let keys, _): keys
    }
  }

  /// The values of a map, in the order of its keys; empty for a set.
  public var values: [Atom] {
    if case .map(_, let values) = storage { values } else { [] }
  }

  /// Whether this is a map that is not empty.
  public var isMap: Bool { if case .map = storage { true } else { false } }

  /// The atom, if this is exactly one.
  public var scalar: Atom? {
    if case .one(let atom) = storage { atom } else { nil }
  }

  /// The value of a key of a map.
  public subscript(key: Atom) -> Atom? {
    guard case .map(let keys, let values) = storage, let place = keys.sortedPlace(of: key) else { return nil }
    return values[place]
  }

  /// The string value of a key of a map from strings to strings.
  public subscript(key: Text) -> Text? { self[.string(key)]?.text }

  /// Whether an atom is in the set or is a key of the map.
  public func contains(_ key: Atom) -> Bool {
    switch storage {
    case .empty: false
    case .one(let atom): atom == key
    case .set(let keys), .map(let keys, _): keys.sortedPlace(of: key) != nil
    }
  }
}

extension [Atom] {
  /// The place of an atom in a sorted array.
  func sortedPlace(of atom: Atom) -> Int? {
    let place = sortedInsertionPlace(of: atom)
    return place < count && self[place] == atom ? place : nil
  }

  /// Where an atom is or would be in a sorted array.
  func sortedInsertionPlace(of atom: Atom) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < atom { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Removes what stands twice in a sorted array.
  mutating func removeRepeated() {
    guard count > 1 else { return }
    var kept = 1
    for index in 1..<count where self[index] != self[kept - 1] {
      self[kept] = self[index]
      kept += 1
    }
    removeLast(count - kept)
  }
}

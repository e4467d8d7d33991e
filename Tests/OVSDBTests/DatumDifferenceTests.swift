import JSON
import TestSupport
import Testing

@testable import OVSDB

@Suite struct DatumDifferenceTests {
  static func random(_ type: ColumnType, _ random: inout SeededRandom) -> Datum {
    let atoms = (0..<Int.random(in: 0...5, using: &random)).map { _ in
      Atom.integer(Int64.random(in: 0...6, using: &random))
    }
    guard type.isMap else { return Datum(set: atoms) }
    return Datum(map: atoms.map { ($0, Atom.integer(Int64.random(in: 0...2, using: &random))) })
  }

  @Test("a difference makes the new value of the old one")
  func roundTrip() {
    var random = SeededRandom(seed: 77)
    let integer = BaseType(.integer)
    let set = ColumnType(key: integer, minimum: 0, maximum: ColumnType.unlimited)
    let map = ColumnType(key: integer, value: integer, minimum: 0, maximum: ColumnType.unlimited)
    for type in [set, map] {
      for _ in 0..<5000 {
        let old = Self.random(type, &random)
        let new = Self.random(type, &random)
        let difference = old.difference(to: new, type)
        #expect(old.applying(difference: difference, type) == new, "seed 77")
        #expect(difference.isEmpty == (old == new))
        #expect(old.union(new).keys == Set(old.keys + new.keys).sorted() || type.isMap)
      }
    }
    let optional = ColumnType(key: integer, minimum: 0)
    #expect(Datum(.integer(1)).difference(to: .empty, optional) == .empty)
    #expect(Datum(.integer(1)).applying(difference: .empty, optional) == .empty)
  }
}

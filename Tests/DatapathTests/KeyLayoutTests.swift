import Foundation
import Testing

@testable import Datapath

/// The rows of KeyLayout.swift, read from the file itself: whoever adds a place cannot forget to say so here.
private let rows: [(name: String, place: KeyPlace)] = {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  let file = folder.appendingPathComponent("../../Sources/Datapath/Key/KeyLayout.swift")
  guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
  let pattern = /static var (\w+): KeyPlace \{ KeyPlace\((\d+), (\d+), (\d+)\) \}/
  return text.matches(of: pattern).map { match in
    (String(match.1), KeyPlace(Int(match.2) ?? -1, Int(match.3) ?? -1, Int(match.4) ?? -1))
  }
}()

struct KeyLayoutTests {
  @Test func `every bit of the key has one owner`() {
    #expect(rows.count > 80)
    var owned = FlowKey()
    for (name, place) in rows {
      #expect(place.bitCount <= 64 - place.shift || (place.shift == 0 && place.bitCount % 64 == 0), "\(name)")
      #expect(place.words.upperBound <= FlowKey.wordCount, "\(name)")
      for word in place.words {
        #expect(owned.words[word] & place.mask == 0, "\(name) lies on another place")
        owned.words[word] |= place.mask
      }
    }
    for word in 0..<FlowKey.wordCount {
      #expect(owned.words[word] == ~0, "word \(word) has bits that no place owns, and that are no padding")
    }
  }

  @Test func `segments follow each other, and no place lies in two`() {
    var next = 0
    for segment in KeySegment.allCases {
      #expect(segment.words.lowerBound == next)
      next = segment.words.upperBound
      for word in segment.words { #expect(KeySegment.of(word: word) == segment) }
    }
    #expect(next == FlowKey.wordCount)
    #expect(KeySegment.allCases.count == KeySegment.count)
    for (name, place) in rows {
      let segments = Set(place.words.map { KeySegment.of(word: $0) })
      #expect(segments.count == 1, "\(name)")
    }
  }

  @Test func `the base words are those of the base segment`() {
    #expect(MemoryLayout<BaseKey>.size == 8 * KeySegment.base.words.count)
    var key = FlowKey()
    for word in KeySegment.base.words { key.words[word] = UInt64(word) + 1 }
    var base = BaseKey(key)
    for (_, place) in rows where KeySegment.base.words.contains(place.word) {
      #expect(base[wordOf: place] == UInt64(place.word) + 1)
      #expect(base[place] == key[place])
      base[place] = 0
    }
    #expect(base == BaseKey())
  }

  @Test func `rows of the table of fields stand in the order of the fields`() {
    #expect(FieldTable.rows.count == Field.allCases.count)
    for (field, row) in zip(Field.allCases, FieldTable.rows) { #expect(row.field == field) }
  }

  @Test func `every field lies in one place, and in no padding`() {
    for field in Field.allCases where field.isStored {
      let layout = field.layout
      let owners = rows.filter { _, place in
        layout.place.words.allSatisfy { place.words.contains($0) }
          && layout.place.mask & ~place.mask == 0
      }
      #expect(owners.count == 1, "\(field.name)")
      #expect(owners.first?.name.hasPrefix("padding") == false, "\(field.name)")
    }
  }
}

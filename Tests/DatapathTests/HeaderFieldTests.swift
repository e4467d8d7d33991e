import Foundation
import Testing

@testable import Datapath

struct HeaderFieldTests {
  /// The keys of all packets under `Tests/Vectors/Packets`.
  private static func keys() throws -> [FlowKey] {
    let folder = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Vectors/Packets")
    let parser = FrameParser(tagLimit: 2)
    return try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".hex") }.sorted()
      .compactMap { name in
        let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        let digits = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: " ")
        return parser.key(of: digits.split(separator: " ").compactMap { UInt8($0, radix: 16) })
      }
  }

  /// Fields of headers that the parser does not look into.
  private static let notParsed: Set<Field> = [
    .nshFlags, .nshMetadataType, .nshNextProtocol, .nshPathID, .nshServiceIndex, .nshContext1, .nshContext2,
    .nshContext3, .nshContext4, .nshTTL,
  ]

  @Test func `each field of headers is in a vector`() throws {
    let keys = try Self.keys()
    for field in Field.allCases
    where field.prerequisite != .none && field.prerequisite != .connection && !Self.notParsed.contains(field)
    {
      let isSeen = keys.contains { field.prerequisite.isSatisfied(by: $0) && field.value(in: $0) != 0 }
      #expect(isSeen, "\(field.name)")
    }
  }
}

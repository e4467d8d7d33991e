public import JSON

/// The file format of databases (Open vSwitch's ovsdb(5), "Standalone Format").
///
/// What: a header line `OVSDB JSON <bytes> <SHA-1>`, then as many bytes of JSON with a newline at the end, and
/// so on. The first record is the schema, every other one a transaction. Why: a transaction costs one append,
/// and a record that a crash has cut short does not have its checksum. How: whoever has files has the checksum too,
/// and hands it in; a program takes the operating system's.
public struct Journal {
  /// Works out a checksum: for SHA-1, its 20 bytes.
  public typealias Checksum = (ArraySlice<UInt8>) throws(DatabaseError) -> [UInt8]
  private let checksum: Checksum
  /// Most bytes of a record, written or read.
  ///
  /// What is written must be read again, or it and all that follows it would be lost.
  public var recordByteLimit = 1 << 30

  /// Reads and writes records with these checksums.
  public init(checksum: @escaping Checksum) {
    self.checksum = checksum
  }

  /// What a file says that it holds.
  public enum Kind: Sendable, Equatable {
    /// One server's database.
    case standalone
    /// A server's part of a cluster.
    case clustered
  }

  /// The bytes of some records.
  public func bytes(_ records: [JSONValue]) throws(DatabaseError) -> [UInt8] {
    var bytes: [UInt8] = []
    for record in records {
      var body = record.bytes()
      body.append(0x0a)
      guard body.count <= recordByteLimit else {
        throw DatabaseError(
          "resources exhausted", "a record of \(body.count) bytes exceeds the limit of \(recordByteLimit)")
      }
      bytes.append(contentsOf: "OVSDB JSON \(body.count) ".utf8)
      bytes.append(contentsOf: try digest(body[...]))
      bytes.append(0x0a)
      bytes.append(contentsOf: body)
    }
    return bytes
  }

  /// A checksum as the header of a record has it: in hexadecimal digits, the letters small.
  func digest(_ body: ArraySlice<UInt8>) throws(DatabaseError) -> [UInt8] {
    var digits: [UInt8] = []
    for byte in try checksum(body) {
      for digit in [byte >> 4, byte & 0xf] {
        digits.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      }
    }
    return digits
  }

  /// A record, and where it was found.
  public struct Record: Sendable {
    /// What it says.
    public let json: JSONValue
    /// Where its header starts, in bytes from the start of the file.
    public let offset: Int
  }
}

/// Reads the records of a file that is in memory.
public struct JournalReader {
  private let journal: Journal
  private let name: String
  private let bytes: [UInt8]
  /// Where the last good record ends; whatever comes after it can be cut off.
  public private(set) var offset = 0
  /// What the file says that it holds.
  public let kind: Journal.Kind

  /// Starts to read.
  ///
  /// - Parameter name: The file's name, for errors.
  public init(_ bytes: [UInt8], name: String, _ journal: Journal) throws(DatabaseError) {
    self.journal = journal
    self.name = name
    self.bytes = bytes
    guard let first = bytes.first else {
      throw DatabaseError(nil, "\(name): cannot identify file type")
    }
    guard first == UInt8(ascii: "O"), let header = Header(bytes, at: 0) else {
      throw DatabaseError(nil, "\(name): unexpected file format")
    }
    switch header.magic {
    case "JSON": kind = .standalone
    case "CLUSTER": kind = .clustered
    default: throw DatabaseError(nil, "\(name): cannot identify file type")
    }
  }

  /// The next record; none at the end of the file.
  ///
  /// After an error there are no more good records.
  public mutating func next() throws(DatabaseError) -> Journal.Record? {
    guard offset < bytes.count else { return nil }
    guard let header = Header(bytes, at: offset), header.isComplete,
      header.magic == (kind == .standalone ? "JSON" : "CLUSTER"), header.byteCount > 0,
      header.byteCount <= journal.recordByteLimit
    else { throw headerError() }
    let start = offset + header.headerByteCount
    guard header.byteCount <= bytes.count - start else {
      throw DatabaseError(
        "I/O error",
        "\(name): error reading \(header.byteCount) bytes starting at offset \(start) (End of file)")
    }
    let body = bytes[start..<(start + header.byteCount)]
    let described = "\(name): \(header.byteCount) bytes starting at offset \(start)"
    let digest = try journal.digest(body)
    guard digest.elementsEqual(header.digest) else {
      let found = String(decoding: digest, as: UTF8.self)
      let expected = String(decoding: header.digest, as: UTF8.self)
      throw .syntax(nil, "\(described) have SHA-1 hash \(found) but should have hash \(expected)")
    }
    let json = try json(Array(body), described)
    guard case .object = json else { throw .syntax(nil, "\(described) are not a JSON object") }
    let record = Journal.Record(json: json, offset: offset)
    offset = start + header.byteCount
    return record
  }

  private func json(_ body: [UInt8], _ described: String) throws(DatabaseError) -> JSONValue {
    do throws(JSONError) {
      return try JSONParser.parse(body, limits: JSONLimits(depth: 1000, byteCount: journal.recordByteLimit))
    } catch {
      throw .syntax(nil, "\(described) are not valid JSON (\(error.message))")
    }
  }

  /// The header line is shown up to its second space, as far as it has been understood.
  private func headerError() -> DatabaseError {
    var end = offset
    var spaceCount = 0
    while end < bytes.count, bytes[end] != 0x0a, end - offset < Header.byteLimit {
      if bytes[end] == 0x20 { spaceCount += 1 }
      if spaceCount == 2 { break }
      end += 1
    }
    let line = String(decoding: bytes[offset..<end], as: UTF8.self)
    return .syntax(nil, "\(name): parse error at offset \(offset) in header line \"\(line)\"")
  }
}

extension JournalReader {
  /// The line before each record.
  private struct Header {
    let magic: String
    let byteCount: Int
    let digest: ArraySlice<UInt8>
    let isComplete: Bool
    let headerByteCount: Int

    static let byteLimit = 128

    /// Finds the words of a header line; nothing if it does not begin as one.
    init?(_ bytes: [UInt8], at offset: Int) {
      let limit = min(bytes.count, offset + Self.byteLimit)
      var end = offset
      while end < limit, bytes[end] != 0x0a { end += 1 }
      let words = bytes[offset..<end].split(separator: 0x20, omittingEmptySubsequences: false)
      guard words.count >= 2, words[0].elementsEqual("OVSDB".utf8) else { return nil }
      magic = String(decoding: words[1], as: UTF8.self)
      digest = words.count == 4 ? words[3] : []
      byteCount = words.count == 4 ? Self.decimal(words[2]) : 0
      isComplete =
        words.count == 4 && end < limit && digest.count == 40
        && digest.allSatisfy { byte in
          byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
            || byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f")
        }
      headerByteCount = end + 1 - offset
    }

    private static func decimal(_ word: ArraySlice<UInt8>) -> Int {
      var value = 0
      guard word.count <= 12 else { return 0 }
      for byte in word {
        guard byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") else { return 0 }
        value = value * 10 + Int(byte - UInt8(ascii: "0"))
      }
      return value
    }
  }
}

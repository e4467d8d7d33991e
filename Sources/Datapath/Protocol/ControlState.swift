// What the engine remembers for the daemon alone: names, identifiers, the actions and keys as they were given.
// None of it is touched for a packet.

/// A key without its empty segments.
struct PackedKey {
  private let segments: UInt16
  private let words: [UInt64]

  init(_ key: FlowKey) {
    var segments: UInt16 = 0
    var words: [UInt64] = []
    for segment in 0..<KeySegments.count {
      var any: UInt64 = 0
      for word in KeySegments.words(ofSegment: segment) { any |= key.words[word] }
      guard any != 0 else { continue }
      segments |= 1 << UInt16(segment)
      for word in KeySegments.words(ofSegment: segment) { words.append(key.words[word]) }
    }
    self.segments = segments
    self.words = words
  }

  var key: FlowKey {
    var key = FlowKey()
    var position = 0
    for segment in 0..<KeySegments.count where segments & 1 << UInt16(segment) != 0 {
      for word in KeySegments.words(ofSegment: segment) {
        key.words[word] = words[position]
        position += 1
      }
    }
    return key
  }
}

/// What the daemon gave with a flow.
struct FlowControl {
  var key: PackedKey
  var actions: [DatapathAction]
  var identifier: FlowIdentifier?
}

/// What the engine remembers for the daemon.
struct ControlState {
  var name: [UInt8]
  var datapathIndex: Int32
  var userFeatures: UInt32 = 0
  /// By flow number.
  var flows: [FlowControl?] = []
  var flowsByIdentifier: [FlowIdentifier: Int] = [:]
  var upcallProcessIDs: [UInt32: [UInt32]] = [:]

  init(name: [UInt8], datapathIndex: Int32) {
    self.name = name
    self.datapathIndex = datapathIndex
  }
}

/// Why a request was refused, as `errno` values on the wire.
enum RequestError: UInt32, Error {
  case noEntry = 2
  case noMemory = 12
  case busy = 16
  case exists = 17
  case noDevice = 19
  case invalid = 22
  case noSpace = 28
  case outOfRange = 34
  case notSupported = 95
}

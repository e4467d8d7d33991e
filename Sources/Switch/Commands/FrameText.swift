import Datapath

/// Frames and keys as users write them.
enum FrameText {
  /// The bytes of a frame in hexadecimal digits, with blanks between bytes or not.
  ///
  /// Nil if it is no whole number of bytes, or shorter than an Ethernet header.
  static func bytes(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in text.utf8 {
      let digit: UInt8
      switch character {
      case 0x30...0x39: digit = character - 0x30
      case 0x41...0x46: digit = character - 0x41 + 10
      case 0x61...0x66: digit = character - 0x61 + 10
      case 0x09, 0x0a, 0x0d, 0x20:
        if high != nil { return nil }
        continue
      default: return nil
      }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return high == nil && bytes.count >= 14 ? bytes : nil
  }

  /// The key of a flow in the datapath's syntax; nil if the text is none.
  static func key(_ text: String, _ link: DatapathLink?) -> FlowKey? {
    guard text.utf8.contains(UInt8(ascii: "(")) else { return nil }
    do throws(DatapathTextError) {
      return try DatapathText.readKey(text) { link?.portNumber($0) }.key
    } catch {
      return nil
    }
  }
}

extension DatapathLink {
  /// The number of a datapath port by its name.
  func portNumber(_ name: String) -> DatapathPortNumber? {
    for (number, interface) in interfaces where interface.name.utf8.elementsEqual(name.utf8) { return number }
    return tunnelPorts[name]?.number
  }
}

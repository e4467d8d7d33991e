/// Random numbers from the operating system.
public enum Random {
  /// Unpredictable bytes.
  public static func bytes(count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    Syscalls.fillRandom(&bytes)
    return bytes
  }

  /// An unpredictable 64-bit integer, for seeds.
  public static func integer() -> UInt64 {
    bytes(count: 8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The 16 bytes of a version 4 UUID (RFC 4122, section 4.4).
  public static func uuidBytes() -> [UInt8] {
    var bytes = bytes(count: 16)
    bytes[6] = bytes[6] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
    return bytes
  }
}

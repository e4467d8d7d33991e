/// The checksum SHA-1, which finds what a crash has damaged and keeps nobody out.
public enum SHA1 {
  /// The 20 bytes of the checksum of some bytes; throws what the system's library says if it cannot work.
  public static func digest(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> [UInt8] {
    try Syscalls.sha1(bytes)
  }
}

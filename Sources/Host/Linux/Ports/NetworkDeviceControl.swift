#if !APUS_WINDOWS
  import CLinux
  import Glibc
  public import PacketWire

  /// Asks and changes what the host's network devices are.
  public enum NetworkDeviceControl {
    /// The host's number of a device.
    static func index(of name: String) throws(SystemError) -> Int32 {
      // SAFETY: the name is a terminated string during the call.
      try check(unsafe apus_device_index(name))
    }

    /// Whether a device with a name exists.
    public static func exists(_ name: String) -> Bool { (try? index(of: name)) != nil }

    /// Takes a device up or down.
    public static func setUp(_ name: String, _ isUp: Bool) throws(SystemError) {
      // SAFETY: the name is a terminated string during the call.
      let flags = try check(unsafe apus_device_flags(name))
      let up = Int32(IFF_UP)
      let wanted = isUp ? flags | up : flags & ~up
      if wanted != flags { _ = try check(unsafe apus_device_set_flags(name, wanted)) }
    }

    /// Sets a device's largest payload.
    public static func setMaximumTransmissionUnit(_ name: String, _ byteCount: Int) throws(SystemError) {
      // SAFETY: the name is a terminated string during the call.
      _ = try check(unsafe apus_device_set_mtu(name, Int32(clamping: byteCount)))
    }

    /// Sets a device's Ethernet address.
    public static func setAddress(_ name: String, _ address: MACAddress) throws(SystemError) {
      let bytes = (0..<6).map { UInt8(truncatingIfNeeded: address.rawValue >> UInt64(40 - 8 * $0)) }
      // SAFETY: the name is a terminated string, and the call reads six bytes.
      _ = try check(unsafe apus_device_set_address(name, bytes))
    }

    private static func check(_ result: Int32) throws(SystemError) -> Int32 {
      if result < 0 { throw SystemError.last }
      return result
    }
  }
#endif

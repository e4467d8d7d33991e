/// The words for the `errno` values that a datapath answers with, which are the same numbers on all systems.
public enum SystemErrorText {
  /// The number that says that there is no such datapath, port or device (ENODEV).
  public static var noDevice: UInt32 { 19 }
  /// The number that says that a device failed (EIO).
  public static var inputOutput: UInt32 { 5 }

  /// The text of an error number, as the C library has it.
  public static func text(_ code: UInt32) -> String {
    switch code {
    case 1: "Operation not permitted"
    case 2: "No such file or directory"
    case 5: "Input/output error"
    case 12: "Cannot allocate memory"
    case 13: "Permission denied"
    case 16: "Device or resource busy"
    case 17: "File exists"
    case 19: "No such device"
    case 22: "Invalid argument"
    case 28: "No space left on device"
    case 34: "Numerical result out of range"
    case 95: "Operation not supported"
    case 97: "Address family not supported by protocol"
    default: "Unknown error \(code)"
    }
  }
}

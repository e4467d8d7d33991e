/// Why a datapath refuses a request: the `errno` values of its answers, which are the same numbers on all systems.
public enum DatapathErrorCode: UInt32, Error, CaseIterable, Sendable {
  /// EPERM.
  case notPermitted = 1
  /// ENOENT.
  case noEntry = 2
  /// EIO.
  case inputOutput = 5
  /// ENOMEM.
  case noMemory = 12
  /// EACCES.
  case accessDenied = 13
  /// EBUSY.
  case busy = 16
  /// EEXIST.
  case exists = 17
  /// ENODEV: there is no such datapath, port or device.
  case noDevice = 19
  /// EINVAL.
  case invalid = 22
  /// ENOSPC.
  case noSpace = 28
  /// ERANGE.
  case outOfRange = 34
  /// EOPNOTSUPP.
  case notSupported = 95
  /// EAFNOSUPPORT.
  case addressFamilyNotSupported = 97

  /// The text of the number, as the C library has it.
  public var text: String {
    switch self {
    case .notPermitted: "Operation not permitted"
    case .noEntry: "No such file or directory"
    case .inputOutput: "Input/output error"
    case .noMemory: "Cannot allocate memory"
    case .accessDenied: "Permission denied"
    case .busy: "Device or resource busy"
    case .exists: "File exists"
    case .noDevice: "No such device"
    case .invalid: "Invalid argument"
    case .noSpace: "No space left on device"
    case .outOfRange: "Numerical result out of range"
    case .notSupported: "Operation not supported"
    case .addressFamilyNotSupported: "Address family not supported by protocol"
    }
  }

  /// The text of an error number of an answer, known or not.
  public static func text(_ number: UInt32) -> String {
    DatapathErrorCode(rawValue: number)?.text ?? "Unknown error \(number)"
  }
}

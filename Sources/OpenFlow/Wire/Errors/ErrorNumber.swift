/// Who assigned an error's numbers.
public enum ErrorVendor: UInt32, Hashable, Sendable {
  /// The OpenFlow specification itself.
  case standard = 0
  /// The Nicira extensions.
  case nicira = 0x0000_2320
  /// The extensions of the Open Networking Foundation.
  case onf = 0x4f4e_4600
}

/// The numbers of an error on the wire.
public struct ErrorNumber: Hashable, Sendable {
  /// Who assigned the numbers.
  public var vendor: ErrorVendor
  /// The error's type.
  public var type: UInt16
  /// The error's code within its type.
  public var code: UInt16

  /// Makes the numbers of an error.
  public init(vendor: ErrorVendor, type: UInt16, code: UInt16) {
    self.vendor = vendor
    self.type = type
    self.code = code
  }
}

extension OpenFlowError {
  private var row: ErrorRow { ErrorRow.all[Int(rawValue)] }

  /// The name in the specification, such as `OFPBMC_BAD_PREREQ`.
  public var name: String { row.name }

  /// The error with a name such as `OFPBMC_BAD_PREREQ`; nil if there is none.
  public init?(name: String) {
    for row in ErrorRow.all where row.name.utf8.elementsEqual(name.utf8) {
      self = row.error
      return
    }
    return nil
  }

  /// The numbers of this error in a protocol version; nil if that version cannot express it.
  public func number(in version: OpenFlowVersion) -> ErrorNumber? {
    var found: ErrorNumber?
    for code in row.codes where code.since <= version { found = code.number }
    return found
  }

  /// The error that has some numbers in a protocol version; nil if there is none.
  public init?(_ number: ErrorNumber, in version: OpenFlowVersion) {
    for candidate in OpenFlowError.allCases where candidate.number(in: version) == number {
      self = candidate
      return
    }
    return nil
  }
}

/// The number by which NXM or OXM knows a field.
public struct FieldHeader: Sendable, Equatable {
  /// `oxm_class`.
  public let classNumber: UInt16
  /// `oxm_field`, 7 bits.
  public let number: UInt8
  /// The experimenter's number, zero unless the class is 0xffff.
  public let experimenter: UInt32
  /// The name in specifications, such as `NXM_OF_IN_PORT`.
  public let name: String
  /// The first OpenFlow version that has the header, or nil if NXM has it under every version.
  public let since: FieldHeaderVersion?

  init(
    _ classNumber: UInt16, _ number: UInt8, _ experimenter: UInt32, _ name: String,
    _ since: FieldHeaderVersion?
  ) {
    self.classNumber = classNumber
    self.number = number
    self.experimenter = experimenter
    self.name = name
    self.since = since
  }

  static func nxm0(_ number: UInt8, _ name: String) -> FieldHeader { FieldHeader(0, number, 0, name, nil) }
  static func nxm1(_ number: UInt8, _ name: String) -> FieldHeader { FieldHeader(1, number, 0, name, nil) }
  static func basic(_ number: UInt8, _ name: String, _ since: FieldHeaderVersion) -> FieldHeader {
    FieldHeader(0x8000, number, 0, name, since)
  }
  static func packetRegister(_ number: UInt8, _ name: String, _ since: FieldHeaderVersion) -> FieldHeader {
    FieldHeader(0x8001, number, 0, name, since)
  }
  static func ericsson(_ number: UInt8, _ name: String) -> FieldHeader {
    FieldHeader(0x1000, number, 0, name, nil)
  }
  static func onf(_ number: UInt8, _ name: String, _ since: FieldHeaderVersion) -> FieldHeader {
    FieldHeader(0xffff, number, 0x4f4e_4600, name, since)
  }
  static func niciraExperimenter(_ number: UInt8, _ name: String) -> FieldHeader {
    FieldHeader(0xffff, number, 0x0000_2320, name, nil)
  }
  static func nsh(_ number: UInt8, _ name: String) -> FieldHeader {
    FieldHeader(0xffff, number, 0x005a_d650, name, nil)
  }

  /// Whether the header is followed by an experimenter's number.
  public var isExperimenter: Bool { classNumber == 0xffff }

  /// The 32-bit header of an entry whose value (without its mask) has `byteCount` bytes.
  public func wire(byteCount: Int, isMasked: Bool) -> UInt32 {
    let length = (isMasked ? byteCount * 2 : byteCount) + (isExperimenter ? 4 : 0)
    return UInt32(classNumber) << 16 | UInt32(number) << 9 | (isMasked ? 0x100 : 0) | UInt32(length & 0xff)
  }

  var key: UInt64 { FieldHeader.key(classNumber, number, experimenter) }

  static func key(_ classNumber: UInt16, _ number: UInt8, _ experimenter: UInt32) -> UInt64 {
    UInt64(classNumber) << 48 | UInt64(experimenter) << 8 | UInt64(number)
  }
}

/// An OpenFlow version, by its number on the wire, as far as headers of fields depend on it.
public enum FieldHeaderVersion: UInt8, Sendable, Comparable {
  case openFlow12 = 3
  case openFlow13 = 4
  case openFlow15 = 6

  /// Whether one version is older than another.
  public static func < (left: FieldHeaderVersion, right: FieldHeaderVersion) -> Bool {
    left.rawValue < right.rawValue
  }
}

extension Field {
  /// The header to send under an OpenFlow version (its wire number, 1 to 6), or nil if the field has none.
  ///
  /// OpenFlow's own header where that version has it, else the ONF extension's, else NXM's; a field with none of
  /// these that exists in a later version uses that one, as peers accept it.
  public func header(openFlowVersion version: UInt8) -> FieldHeader? {
    let row = self.row
    if let oxm = row.oxm, let since = oxm.since, since.rawValue <= version { return oxm }
    if let onf = row.onf, let since = onf.since, since.rawValue <= version { return onf }
    return row.nxm ?? row.onf ?? row.oxm
  }

  /// The field with an NXM or OXM header.
  public static func withHeader(classNumber: UInt16, number: UInt8, experimenter: UInt32 = 0) -> Field? {
    FieldIndex.byHeader[FieldHeader.key(classNumber, number, experimenter)]
  }
}

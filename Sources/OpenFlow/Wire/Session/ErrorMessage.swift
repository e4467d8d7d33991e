/// An error message: what is wrong, and the message that it answers.
public struct ErrorMessage: Hashable, Sendable {
  /// The error, if it is one of those that this codec has a name for.
  public var error: OpenFlowError?
  /// The type as sent.
  public var type: UInt16
  /// The code as sent.
  public var code: UInt16
  /// Who assigned type and code; the numeric identifier of an unknown organisation is kept.
  public var vendor: UInt32
  /// The offending message, or its beginning; or text, for a failed hello.
  public var data: [UInt8]

  /// How many bytes of the offending message are sent back at most: what fits in a message beside the longest header of an error.
  public static var quotedByteCount: Int { Int(UInt16.max) - 24 }

  /// An error about a message.
  public init(_ error: OpenFlowError, about message: [UInt8]) {
    self.error = error
    type = 0
    code = 0
    vendor = 0
    data = Array(message.prefix(Self.quotedByteCount))
  }

  /// A failed hello, whose data is text for people.
  public init(helloFailed error: OpenFlowError, text: String) {
    self.error = error
    type = 0
    code = 0
    vendor = 0
    data = Array(text.utf8)
  }

  init(error: OpenFlowError?, vendor: UInt32, type: UInt16, code: UInt16, data: [UInt8]) {
    self.error = error
    self.vendor = vendor
    self.type = type
    self.code = code
    self.data = data
  }

  static func decode(
    _ reader: inout WireReader, _ version: OpenFlowVersion
  ) throws(OpenFlowError) -> ErrorMessage {
    let type = try reader.uint16()
    let code = try reader.uint16()
    // Vendor error of OpenFlow 1.0 and 1.1 (NXET_VENDOR, NXVC_VENDOR_ERROR).
    if type == 0xb0c2, code == 0 {
      let vendor = try reader.uint32()
      let vendorType = try reader.uint16()
      let vendorCode = try reader.uint16()
      return named(vendor, vendorType, vendorCode, reader.rest(), version)
    }
    // Experimenter error of OpenFlow 1.2 and later: what would be the code is the type.
    if type == 0xffff, version >= .v12 {
      let vendor = try reader.uint32()
      return named(vendor, code, 0, reader.rest(), version)
    }
    return named(0, type, code, reader.rest(), version)
  }

  private static func named(
    _ vendor: UInt32, _ type: UInt16, _ code: UInt16, _ data: [UInt8], _ version: OpenFlowVersion
  ) -> ErrorMessage {
    var error: OpenFlowError?
    if let known = ErrorVendor(rawValue: vendor) {
      error = OpenFlowError(ErrorNumber(vendor: known, type: type, code: code), in: version)
    }
    return ErrorMessage(error: error, vendor: vendor, type: type, code: code, data: data)
  }

  func encode(to writer: inout WireWriter, _ version: OpenFlowVersion) {
    var number = ErrorNumber(vendor: ErrorVendor(rawValue: vendor) ?? .standard, type: type, code: code)
    if let error {
      // A version that lacks the error gets the one that says so.
      let substitute =
        error.number(in: version) ?? OpenFlowError.niciraBadRequestUnencodableError.number(in: version)
      number = substitute ?? number
    }
    switch number.vendor {
    case .standard:
      writer.uint16(number.type)
      writer.uint16(number.code)
    case .nicira, .onf:
      if version >= .v12 {
        writer.uint16(0xffff)
        writer.uint16(number.type)
        writer.uint32(number.vendor.rawValue)
      } else {
        writer.uint16(0xb0c2)
        writer.uint16(0)
        writer.uint32(number.vendor.rawValue)
        writer.uint16(number.type)
        writer.uint16(number.code)
      }
    }
    writer.append(data)
  }
}

/// Text about a switch, for people (OpenFlow 1.3.1, section 7.3.5.1).
public struct SwitchDescription: Hashable, Sendable {
  /// Who made it.
  public var manufacturer: String
  /// The hardware.
  public var hardware: String
  /// The software.
  public var software: String
  /// The serial number.
  public var serialNumber: String
  /// The datapath.
  public var datapath: String

  /// Makes a description.
  public init(
    manufacturer: String, hardware: String, software: String, serialNumber: String, datapath: String
  ) {
    self.manufacturer = manufacturer
    self.hardware = hardware
    self.software = software
    self.serialNumber = serialNumber
    self.datapath = datapath
  }

  static func decode(_ reader: inout WireReader) throws(OpenFlowError) -> SwitchDescription {
    let manufacturer = try reader.text(256)
    let hardware = try reader.text(256)
    let software = try reader.text(256)
    let serialNumber = try reader.text(32)
    let datapath = try reader.text(256)
    try reader.requireEnd()
    return SwitchDescription(
      manufacturer: manufacturer, hardware: hardware, software: software, serialNumber: serialNumber,
      datapath: datapath)
  }

  func encode(to writer: inout WireWriter) {
    writer.text(manufacturer, 256)
    writer.text(hardware, 256)
    writer.text(software, 256)
    writer.text(serialNumber, 32)
    writer.text(datapath, 256)
  }
}

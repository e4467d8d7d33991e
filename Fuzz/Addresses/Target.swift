import PacketWire

/// Reads an input as the text of each kind of address: what is accepted survives being written and read again.
func fuzz(_ input: Span<UInt8>) {
  if let address = MACAddress(utf8: input) {
    precondition(MACAddress(address.description) == address)
  }
  if let address = MaskedIPv4Address(utf8: input) {
    precondition(MaskedIPv4Address(address.description) == address)
  }
  if let address = MaskedIPv6Address(utf8: input) {
    precondition(MaskedIPv6Address(address.description) == address)
  }
}

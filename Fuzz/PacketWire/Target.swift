import PacketWire

/// Reads a packet through every view: whatever its bytes are, nothing traps and nothing is read outside of it.
func fuzz(_ input: Span<UInt8>) {
  var views = EveryView()
  views.readAll(RawSpan(_elements: input))
}

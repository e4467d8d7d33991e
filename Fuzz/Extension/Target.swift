import Datapath
import Extension
import PacketWire

/// The first byte says whether the rest drives a host around the extension, or is out-of-band information and a packet.
func fuzz(_ input: Span<UInt8>) {
  guard input.count > 18 else { return }
  if input[0] & 1 == 0 { simulate(input) } else { convert(input) }
}

private func simulate(_ input: Span<UInt8>) {
  let bytes = (1..<input.count).map { input[$0] }
  var place = 0
  var isOver = false
  let simulation = SwitchSimulation {
    if place == bytes.count {
      place = 0
      isOver = true
    }
    place += 1
    return bytes[place - 1]
  }
  do {
    while !isOver { try simulation.step() }
  } catch {
    fatalError("\(error)")
  }
}

private func convert(_ input: Span<UInt8>) {
  func word(_ place: Int) -> UInt32 { RawSpan(_elements: input).bigEndian32(at: place) }
  let information = OutOfBand(checksum: word(1), largeSend: word(5), coalesced: word(9), tag: word(13))
  let kind: OutOfBandKind = input[0] & 2 == 0 ? .send : .receive
  var packet = (17..<input.count).map { input[$0] }
  let count = packet.count
  var bytes = packet.mutableRawBytes
  guard let offload = Admission.admit(&bytes, information, kind) else { return }
  precondition(packet.count == count)
  guard let departure = Departure(packet.rawBytes, offload, input[0] & 4 == 0 ? .send : .receive) else {
    return
  }
  let left = departure.byteCount(of: packet.rawBytes)
  precondition(departure.patchOffset == 0 || Int(departure.patchOffset) + 2 <= left)
}

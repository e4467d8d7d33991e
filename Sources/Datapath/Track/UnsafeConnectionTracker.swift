// What: the connections of one datapath, shared by all its engines, so that both directions of a connection meet whichever engine
// they arrive at.
//
// Why a class around a plain pointer: see UnsafeEngineGroup.swift. Nothing in `Tracker` is changed by `mutating`: an `inout` of
// it would promise the compiler that no other engine changes anything meanwhile.

/// The connection tracker of a datapath.
///
/// Whoever calls it holds the lock of one of the datapath's engines; see UnsafeSharedLock.swift.
@safe
public final class ConnectionTracker {
  let base: UnsafeMutablePointer<Tracker>

  /// Makes a tracker without connections.
  ///
  /// - Parameters:
  ///   - engineCount: How many engines share it.
  ///   - reserved: For how many connections over IPv4 there is memory from the beginning; for half as many over IPv6.
  public init(engineCount: Int = 1, reserved: Int = 4_096, seed: UInt64 = 1) {
    // SAFETY: initialised here, destroyed and freed in `deinit` alone.
    unsafe base = .allocate(capacity: 1)
    unsafe base.initialize(to: Tracker(engineCount: engineCount, reserved: reserved, seed: seed))
  }

  deinit {
    // SAFETY: nobody holds the pointer beyond this owner's life.
    unsafe base.deinitialize(count: 1)
    unsafe base.deallocate()
  }

  var tracker: Tracker {
    @inline(__always)
    unsafeAddress {
      // SAFETY: the value lives as long as this object.
      unsafe UnsafePointer(base)
    }
  }
}

/// The tracker as engines reach it on the packet path: without reference counts.
@safe
struct TrackerReference {
  private let base: UnsafePointer<Tracker>

  /// Refers to a tracker that lives longer.
  init(_ owner: ConnectionTracker) { unsafe base = UnsafePointer(owner.base) }

  var tracker: Tracker {
    @inline(__always)
    unsafeAddress {
      // SAFETY: whoever has made the reference keeps the owner.
      unsafe base
    }
  }
}

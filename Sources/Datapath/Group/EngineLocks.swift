// What differs between the hosts of a group of engines: what stands before each engine, and for how long it is held. In
// the driver these are spin locks, which must be held for steps of bounded length; a daemon with workers takes mutexes,
// and a group that one thread has for itself needs none.

/// How the engines' locks are taken and given back, by number.
public struct EngineLocks {
  let acquire: (Int) -> Void
  let release: (Int) -> Void

  /// Makes locks.
  public init(acquire: @escaping (Int) -> Void, release: @escaping (Int) -> Void) {
    self.acquire = acquire
    self.release = release
  }

  /// No locks, for a group that one thread has for itself.
  public static var none: EngineLocks { EngineLocks(acquire: { _ in }, release: { _ in }) }
}

/// How much is done while an engine's lock is held.
public struct EngineSteps: Sendable {
  /// How many flows are removed.
  public var removalCount = 64
  /// How many flows or ports are described.
  public var dumpCount = 16

  /// Steps that a spin lock may be held for.
  public init() {}
}

// What: the loop that owns all control state of a program: it waits for descriptors, timers and signals and
// calls the closures that were registered for them, one after another, on one thread.
//
// Why: with one thread and no suspension points a function's invariants hold from its first line to its last.
//
// How: a poller of the operating system says which descriptors are ready; timers are a heap; work deferred by
// a closure runs after the closure returns, before the loop waits again.

/// Which readiness a watch asks for, or which came up.
public struct Readiness: OptionSet, Sendable, Hashable {
  /// One bit for each kind.
  public let rawValue: UInt8

  /// Makes a set from its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// There is something to read, or to accept, or the peer closed.
  public static let readable = Readiness(rawValue: 1)
  /// There is room to write, or a connection attempt ended.
  public static let writable = Readiness(rawValue: 2)
  /// The peer hung up or the descriptor failed; reported whether asked for or not.
  public static let failed = Readiness(rawValue: 4)
}

/// Names one watched descriptor of an event loop.
public struct WatchToken: Hashable, Sendable {
  let number: UInt64
}

/// A signal that asks a program to do something.
public enum TerminationSignal: Equatable, Sendable {
  /// SIGTERM, or the console's or service manager's request to stop.
  case terminate
  /// SIGINT, control-C.
  case interrupt
  /// SIGHUP.
  case hangup
}

/// A single-threaded event loop.
public final class EventLoop {
  private struct Watch {
    var descriptor: Descriptor
    var handler: (Readiness) -> Void
  }

  private let poller: Poller
  private var watches: [UInt64: Watch] = [:]
  private var nextWatchNumber: UInt64 = 1
  private var timers = TimerQueue()
  private var deferred: [() -> Void] = []
  private var isStopping = false
  private var signalSource: SignalSource?
  private let clock: () -> Instant
  private let nanoseconds: () -> UInt64
  private var turnStart: UInt64?
  /// The longest turn so far: the time between two waits for something to happen.
  public private(set) var longestTurnMicroseconds: UInt64 = 0
  /// How many turns took longer than `longTurnMicroseconds`.
  public private(set) var longTurnCount: UInt64 = 0
  /// A turn that takes longer than this is too long for who waits for the next.
  public static var longTurnMicroseconds: UInt64 { 20_000 }

  /// Makes a loop that reads the monotonic clock.
  public convenience init() { self.init(clock: { Instant.now }) }

  /// Makes a loop with a clock of the caller's.
  public convenience init(clock: @escaping () -> Instant) {
    self.init(clock: clock, nanoseconds: { Syscalls.monotonicNanoseconds() })
  }

  /// Makes a loop with a clock of the caller's, and one in nanoseconds that turns are measured by.
  public init(clock: @escaping () -> Instant, nanoseconds: @escaping () -> UInt64) {
    poller = Poller()
    self.clock = clock
    self.nanoseconds = nanoseconds
  }

  /// The present time by the clock that turns are measured by, in nanoseconds.
  public var preciseNow: UInt64 { nanoseconds() }

  private func endTurn() {
    guard let turnStart else { return }
    self.turnStart = nil
    let microseconds = (nanoseconds() &- turnStart) / 1000
    longestTurnMicroseconds = max(longestTurnMicroseconds, microseconds)
    if microseconds > Self.longTurnMicroseconds { longTurnCount &+= 1 }
  }

  /// The present time by the loop's clock.
  public var now: Instant { clock() }

  /// Calls `body` once, at or after an instant.
  @discardableResult
  public func schedule(at due: Instant, _ body: @escaping () -> Void) -> TimerToken {
    timers.add(due: due, body)
  }

  /// Calls `body` once, at least some milliseconds from now.
  @discardableResult
  public func schedule(afterMilliseconds delay: Int64, _ body: @escaping () -> Void) -> TimerToken {
    timers.add(due: clock().advanced(byMilliseconds: delay), body)
  }

  /// Forgets a timer; nothing happens if it has fired.
  public func cancel(_ token: TimerToken) { timers.cancel(token) }

  /// Calls `body` after the present closure has returned, before the loop waits again.
  public func deferWork(_ body: @escaping () -> Void) { deferred.append(body) }

  /// Watches a descriptor; `handler` is called whenever it is ready, until `unwatch`.
  public func watch(
    _ descriptor: Descriptor, _ interest: Readiness, _ handler: @escaping (Readiness) -> Void
  ) throws(SystemError) -> WatchToken {
    let number = nextWatchNumber
    try poller.add(descriptor, number: number, interest: interest)
    nextWatchNumber &+= 1
    watches[number] = Watch(descriptor: descriptor, handler: handler)
    return WatchToken(number: number)
  }

  /// Changes what a watch asks for.
  public func change(_ token: WatchToken, to interest: Readiness) {
    guard let watch = watches[token.number] else { return }
    poller.change(watch.descriptor, number: token.number, interest: interest)
  }

  /// Ends a watch.
  ///
  /// Call it before the descriptor is closed.
  public func unwatch(_ token: WatchToken) {
    guard let watch = watches.removeValue(forKey: token.number) else { return }
    poller.remove(watch.descriptor)
  }

  /// Calls `body` when the program is asked to end, in place of ending it at once.
  public func onTermination(_ body: @escaping (TerminationSignal) -> Void) throws(SystemError) {
    if let old = signalSource { unwatch(old.token) }
    let descriptor = try Syscalls.openTerminationSignals()
    let token = try watch(descriptor, .readable) { _ in
      while let signal = Syscalls.readTerminationSignal(descriptor) { body(signal) }
    }
    signalSource = SignalSource(token: token)
  }

  /// Runs until `stop`.
  public func run() {
    isStopping = false
    while !isStopping { runOnce() }
    runDeferred()
  }

  /// Ends `run` after the present closure.
  public func stop() { isStopping = true }

  /// Waits for something, at most `maximumMilliseconds`, and calls what is due.
  public func runOnce(maximumMilliseconds: Int64 = .max) {
    runDeferred()
    if isStopping { return }
    var wait = maximumMilliseconds
    if !deferred.isEmpty { wait = 0 }
    if let due = timers.nextDue() { wait = min(wait, max(0, due.milliseconds(since: clock()))) }
    endTurn()
    let ready = poller.wait(timeoutMilliseconds: wait)
    turnStart = nanoseconds()
    for event in ready {
      // A handler that ran before may have ended this watch.
      guard let watch = watches[event.number] else { continue }
      watch.handler(event.readiness)
      runDeferred()
      if isStopping { return }
    }
    let now = clock()
    // A timer that sets itself again for now waits for the next round.
    var budget = timers.count
    while !isStopping, budget > 0, let body = timers.popDue(now: now) {
      budget -= 1
      body()
      runDeferred()
    }
  }

  /// Runs deferred closures, and those that they defer, up to a bound so that descriptors get their turn.
  private func runDeferred() {
    var rounds = 0
    while !deferred.isEmpty, rounds < EventLoop.maximumDeferredRounds {
      let work = deferred
      deferred = []
      for body in work { body() }
      rounds += 1
    }
  }

  /// How often in a row deferred work may defer more before descriptors are looked at.
  static let maximumDeferredRounds = 16
}

private struct SignalSource {
  let token: WatchToken
}

/// One ready descriptor.
struct ReadyEvent {
  var number: UInt64
  var readiness: Readiness
}

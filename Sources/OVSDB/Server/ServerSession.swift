import JSON

/// The name of a client's connection to a server.
public struct SessionID: Hashable, Sendable {
  let number: UInt64
}

/// What a server knows of a client.
struct ServerSession {
  /// A monitor, and the database that it is about.
  struct HeldMonitor {
    var monitor: Monitor
    let database: Text
  }

  let id: SessionID
  var monitors: [HeldMonitor] = []
  /// Locks that it owns or waits for.
  var locks: Set<Text> = []
  /// Whether it copes with databases that come and go.
  var isChangeAware = false
  let isReadOnly: Bool
  /// Milliseconds of silence after which it is asked whether it is still there; none if never.
  let probeMilliseconds: Int64?
  var lastHeardMilliseconds: Int64
  var isProbed = false
  /// Bytes of messages that the server's caller has not taken, and of those that it has taken and not sent.
  var outgoingByteCount = 0
  var heldByteCount = 0
  /// Whether the caller has been asked to disconnect it, and whether that is since it reads too slowly.
  var isClosing = false
  var isSlow = false

  var backlogByteCount: Int { outgoingByteCount + heldByteCount }

  func monitorPlace(_ id: JSONValue) -> Int? { monitors.firstIndex { $0.monitor.id == id } }
}

/// The locks that clients hold and wait for (RFC 7047, section 4.1.8).
struct LockTable {
  private var waiters: [Text: [SessionID]] = [:]

  /// The owner of a lock.
  func owner(_ lock: Text) -> SessionID? { waiters[lock]?.first }

  /// Queues a client; true if it owns the lock at once.
  mutating func lock(_ lock: Text, _ session: SessionID) -> Bool {
    waiters[lock, default: []].append(session)
    return waiters[lock]?.count == 1
  }

  /// Makes a client the owner; gives whoever it took the lock from.
  mutating func steal(_ lock: Text, _ session: SessionID) -> SessionID? {
    let victim = waiters[lock]?.first
    waiters[lock, default: []].insert(session, at: 0)
    return victim
  }

  /// Takes a client out of the queue; gives the new owner, if there is one.
  mutating func unlock(_ lock: Text, _ session: SessionID) -> SessionID? {
    guard var queue = waiters[lock], let place = queue.firstIndex(of: session) else { return nil }
    queue.remove(at: place)
    waiters[lock] = queue.isEmpty ? nil : queue
    return place == 0 ? queue.first : nil
  }
}

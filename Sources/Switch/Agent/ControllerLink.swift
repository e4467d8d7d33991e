import Vlog
import OpenFlow

/// The connection to one controller: opened again after it fails, each time a little later, and probed while it is silent.
struct ControllerLink {
  /// Where the connection stands.
  enum State: Equatable {
    case waiting(untilMilliseconds: Int64)
    /// The stream is being opened, or is open and its peer has not said hello.
    case connecting(StreamID, sinceMilliseconds: Int64)
    case active(StreamID)
    case idle(StreamID, probedMilliseconds: Int64)
    case stopped

    /// The name in `Controller.status`.
    var name: String {
      switch self {
      case .waiting: "BACKOFF"
      case .connecting: "CONNECTING"
      case .active: "ACTIVE"
      case .idle: "IDLE"
      case .stopped: "VOID"
      }
    }
  }
  /// What the agent has to do for a link whose time has come.
  enum Step {
    /// Open a stream.
    case connect
    /// Ask whether the peer is there.
    case probe(StreamID)
    /// Close the stream: the peer does not answer.
    case abandonSilent(StreamID)
    /// Close the stream: the attempt took too long.
    case abandonAttempt(StreamID)
  }

  let target: String
  /// The row that the status is written to.
  private(set) var row = ""
  private(set) var state = State.waiting(untilMilliseconds: 0)
  private var maximumBackoffMilliseconds: Int64 = 8000
  private(set) var probeMilliseconds: Int64 = 5000
  private(set) var backoffMilliseconds: Int64 = 0
  /// When the connection was last made, and lost.
  private(set) var connectedMilliseconds: Int64?
  private(set) var disconnectedMilliseconds: Int64?
  private let startedMilliseconds: Int64
  /// Why the last connection ended.
  private(set) var lastError: String?

  init(target: String, now: Int64) {
    self.target = target
    startedMilliseconds = now
  }

  /// The stream of the connection, or of the attempt.
  var stream: StreamID? {
    switch state {
    case .connecting(let stream, _), .active(let stream), .idle(let stream, _): stream
    case .waiting, .stopped: nil
    }
  }

  /// Whether OpenFlow is spoken on the connection.
  var isConnected: Bool {
    switch state {
    case .active, .idle: true
    case .waiting, .connecting, .stopped: false
    }
  }

  /// Takes what the row says of the connection.
  mutating func configure(_ wanted: DesiredController) {
    row = wanted.row
    maximumBackoffMilliseconds = min(
      Self.longestWaitMilliseconds, max(1000, wanted.maximumBackoffMilliseconds ?? 8000))
    let probe = wanted.inactivityProbeMilliseconds ?? 5000
    probeMilliseconds = probe <= 0 ? 0 : min(Self.longestWaitMilliseconds, max(5000, probe))
  }

  /// The longest time that a configuration can ask for, about 50 days.
  private static var longestWaitMilliseconds: Int64 { Int64(UInt32.max) }

  /// An attempt begins.
  mutating func connecting(_ stream: StreamID, now: Int64) {
    state = .connecting(stream, sinceMilliseconds: now)
  }

  /// The connection ends for good.
  mutating func stop() { state = .stopped }

  /// A version was settled.
  mutating func established(now: Int64) {
    guard let stream else { return }
    state = .active(stream)
    backoffMilliseconds = 0
    connectedMilliseconds = now
  }

  /// The stream is gone, or was never open; says whether that is news.
  mutating func disconnected(_ reason: String, now: Int64) -> Bool {
    guard stream != nil else { return false }
    if isConnected { disconnectedMilliseconds = now }
    lastError = reason
    backoffMilliseconds =
      backoffMilliseconds == 0 ? 1000 : min(backoffMilliseconds * 2, maximumBackoffMilliseconds)
    state = .waiting(untilMilliseconds: now + backoffMilliseconds)
    return true
  }

  /// Gives what is due; `heard` is when the peer was last heard.
  mutating func expire(now: Int64, heard: Int64?) -> Step? {
    switch state {
    case .waiting(let until): return now >= until ? .connect : nil
    case .active(let stream):
      guard probeMilliseconds > 0, let heard, now >= heard + probeMilliseconds else { return nil }
      state = .idle(stream, probedMilliseconds: now)
      return .probe(stream)
    case .idle(let stream, let probed):
      guard let heard else { return nil }
      if heard >= probed {
        state = .active(stream)
        return nil
      }
      return now >= probed + probeMilliseconds ? .abandonSilent(stream) : nil
    case .connecting(let stream, let since):
      // Until its hello a controller is not there, however open the stream is.
      return now >= since + connectMilliseconds ? .abandonAttempt(stream) : nil
    case .stopped: return nil
    }
  }

  /// How long an attempt may take, in milliseconds: as long as the wait before it, and at least a second.
  private var connectMilliseconds: Int64 { max(1000, backoffMilliseconds) }

  /// When something is due next; `heard` is when the peer was last heard.
  func nextWakeup(heard: Int64?) -> Int64? {
    switch state {
    case .waiting(let until): until
    case .active: probeMilliseconds > 0 ? (heard ?? 0) + probeMilliseconds : nil
    case .idle(_, let probed): probed + probeMilliseconds
    case .connecting(_, let since): since + connectMilliseconds
    case .stopped: nil
    }
  }

  /// When the controller will not have been there for three probe intervals; nil while it is there.
  var silentMilliseconds: Int64? {
    guard !isConnected else { return nil }
    let since = disconnectedMilliseconds ?? startedMilliseconds
    return since + 3 * (probeMilliseconds > 0 ? probeMilliseconds : 5000)
  }
}

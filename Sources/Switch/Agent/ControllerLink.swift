import Vlog
import OpenFlow

/// The connection to one controller: opened again after it fails, each time a little later, and probed while it is silent.
final class ControllerLink {
  /// Where the connection stands.
  enum State: Equatable {
    case waiting(untilMilliseconds: Int64)
    case connecting(sinceMilliseconds: Int64)
    case active
    case idle(probedMilliseconds: Int64)
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

  let agent: BridgeAgent
  let target: String
  /// The row that the status is written to.
  private(set) var row = ""
  private(set) var state = State.waiting(untilMilliseconds: 0)
  /// The stream of the connection, or of the attempt.
  private(set) var stream: StreamID?
  private var maximumBackoffMilliseconds: Int64 = 8000
  private var probeMilliseconds: Int64 = 5000
  private var backoffMilliseconds: Int64 = 0
  /// When the connection was last made, and lost.
  private(set) var connectedMilliseconds: Int64?
  private(set) var disconnectedMilliseconds: Int64?
  private let startedMilliseconds: Int64
  /// Why the last connection ended.
  private(set) var lastError: String?

  init(agent: BridgeAgent, target: String) {
    self.agent = agent
    self.target = target
    startedMilliseconds = agent.context.now
  }

  /// The session, once the stream is open.
  var session: OpenFlowSession? { stream.flatMap { agent.sessions[$0] } }

  /// Whether OpenFlow is spoken on the connection.
  var isConnected: Bool { session?.isEstablished ?? false }

  /// Takes what the row says of the connection.
  func configure(_ wanted: DesiredController) {
    row = wanted.row
    maximumBackoffMilliseconds = min(
      Self.longestWaitMilliseconds, max(1000, wanted.maximumBackoffMilliseconds ?? 8000))
    let probe = wanted.inactivityProbeMilliseconds ?? 5000
    probeMilliseconds = probe <= 0 ? 0 : min(Self.longestWaitMilliseconds, max(5000, probe))
  }

  /// The longest time that a configuration can ask for, about 50 days.
  private static var longestWaitMilliseconds: Int64 { Int64(UInt32.max) }

  /// Tries to connect.
  func connect() {
    let stream = agent.context.makeStreamID()
    self.stream = stream
    state = .connecting(sinceMilliseconds: agent.context.now)
    agent.context.turn.log("rconn", .information, "\(agent.bridge.name)<->\(target): connecting...")
    agent.context.turn.emit(.openStream(stream, address: target))
  }

  /// Ends the connection for good.
  func stop() {
    if let stream {
      agent.context.turn.emit(.closeStream(stream))
      if let session = agent.sessions[stream] {
        self.stream = nil
        agent.closed(session, reason: "not wanted any more")
      }
    }
    stream = nil
    state = .stopped
  }

  /// The stream is open.
  func opened() {
    guard let stream, case .connecting = state else { return }
    agent.connected(stream, self)
  }

  /// A version was settled.
  func established() {
    state = .active
    backoffMilliseconds = 0
    connectedMilliseconds = agent.context.now
    agent.context.turn.log("rconn", .information, "\(agent.bridge.name)<->\(target): connected")
  }

  /// The stream is gone, or was never open.
  func disconnected(_ reason: String) {
    guard state != .stopped, stream != nil else { return }
    if isActive { disconnectedMilliseconds = agent.context.now }
    stream = nil
    lastError = reason
    backoffMilliseconds =
      backoffMilliseconds == 0 ? 1000 : min(backoffMilliseconds * 2, maximumBackoffMilliseconds)
    state = .waiting(untilMilliseconds: agent.context.now + backoffMilliseconds)
    agent.context.turn.log(
      "rconn", .information,
      "\(agent.bridge.name)<->\(target): \(reason), waiting \(backoffMilliseconds / 1000) seconds before reconnect"
    )
  }

  private var isActive: Bool {
    switch state {
    case .active, .idle: true
    case .waiting, .connecting, .stopped: false
    }
  }

  /// Does what is due.
  func run() {
    let now = agent.context.now
    switch state {
    case .waiting(let until): if now >= until { connect() }
    case .active:
      guard probeMilliseconds > 0, let session, now >= session.heardMilliseconds + probeMilliseconds else {
        return
      }
      state = .idle(probedMilliseconds: now)
      session.probe()
    case .idle(let probed):
      guard let session else { return }
      if session.heardMilliseconds >= probed {
        state = .active
      } else if now >= probed + probeMilliseconds {
        agent.context.turn.log(
          "rconn", .error,
          "\(agent.bridge.name)<->\(target): no response to inactivity probe after \(probeMilliseconds / 1000) seconds, disconnecting"
        )
        agent.context.turn.emit(.closeStream(session.id))
        agent.closed(session, reason: "Connection timed out")
      }
    case .connecting(let since):
      // Until its hello a controller is not there, however open the stream is.
      guard let stream, now >= since + connectMilliseconds else { return }
      agent.context.turn.log(
        "rconn", .information,
        "\(agent.bridge.name)<->\(target): connection attempt timed out")
      agent.context.turn.emit(.closeStream(stream))
      if let session {
        agent.closed(session, reason: "Connection timed out")
      } else {
        disconnected("Connection timed out")
      }
    case .stopped: break
    }
  }

  /// How long an attempt may take, in milliseconds: as long as the wait before it, and at least a second.
  private var connectMilliseconds: Int64 { max(1000, backoffMilliseconds) }

  /// When something is due next.
  var nextWakeup: Int64? {
    switch state {
    case .waiting(let until): until
    case .active: probeMilliseconds > 0 ? (session?.heardMilliseconds ?? 0) + probeMilliseconds : nil
    case .idle(let probed): probed + probeMilliseconds
    case .connecting(let since): since + connectMilliseconds
    case .stopped: nil
    }
  }

  /// Whether the controller was not there for three probe intervals.
  func isSilent(now: Int64) -> Bool {
    guard !isConnected else { return false }
    let since = disconnectedMilliseconds ?? startedMilliseconds
    let interval = probeMilliseconds > 0 ? probeMilliseconds : 5000
    return now - since >= 3 * interval
  }
}

// How long connections live without a packet: the timeouts of each state, by policy. Policies have numbers that the daemon
// chooses; number 0 is that of connections without one.

/// The timeouts, numbered as Open vSwitch numbers them (`enum ct_dpif_tp_attr`).
public enum TrackTimeout: Int, CaseIterable, BitwiseCopyable, Sendable {
  case tcpSynSent, tcpSynReceived, tcpEstablished, tcpFinWait, tcpCloseWait, tcpLastAck, tcpTimeWait,
    tcpClose, tcpSynSent2, tcpRetransmit, tcpUnacknowledged
  case udpFirst, udpSingle, udpMultiple
  case icmpFirst, icmpReply

  /// The timeout of connections without a policy, in seconds; zero where the tracker never uses it.
  public var defaultSeconds: UInt32 {
    switch self {
    case .tcpSynSent, .tcpSynReceived, .tcpClose: 30
    case .tcpEstablished: 86_400
    case .tcpFinWait: 900
    case .tcpTimeWait: 45
    case .udpFirst, .udpSingle, .icmpFirst: 60
    case .udpMultiple, .icmpReply: 30
    case .tcpCloseWait, .tcpLastAck, .tcpSynSent2, .tcpRetransmit, .tcpUnacknowledged: 0
    }
  }

  /// The name, as commands and the database have it.
  public var name: StaticString {
    switch self {
    case .tcpSynSent: "tcp_syn_sent"
    case .tcpSynReceived: "tcp_syn_recv"
    case .tcpEstablished: "tcp_established"
    case .tcpFinWait: "tcp_fin_wait"
    case .tcpCloseWait: "tcp_close_wait"
    case .tcpLastAck: "tcp_last_ack"
    case .tcpTimeWait: "tcp_time_wait"
    case .tcpClose: "tcp_close"
    case .tcpSynSent2: "tcp_syn_sent2"
    case .tcpRetransmit: "tcp_retransmit"
    case .tcpUnacknowledged: "tcp_unack"
    case .udpFirst: "udp_first"
    case .udpSingle: "udp_single"
    case .udpMultiple: "udp_multiple"
    case .icmpFirst: "icmp_first"
    case .icmpReply: "icmp_reply"
    }
  }

  /// The timeout of a connection without states of its own.
  init(_ progress: Connection.Progress, isMessage: Bool) {
    switch (progress, isMessage) {
    case (.first, true), (.several, true): self = .icmpFirst
    case (.both, true): self = .icmpReply
    case (.first, false): self = .udpFirst
    case (.several, false): self = .udpSingle
    case (.both, false): self = .udpMultiple
    }
  }
}

/// The timeouts of connections of one kind.
public struct TimeoutPolicy: Equatable, Sendable {
  /// Its number.
  public var id: UInt32
  /// The timeouts in seconds, in the order of ``TrackTimeout``.
  public var seconds: [UInt32]

  /// Makes a policy of the defaults.
  public init(id: UInt32) {
    self.id = id
    seconds = TrackTimeout.allCases.map { $0.defaultSeconds }
  }

  /// A timeout in seconds.
  public subscript(_ timeout: TrackTimeout) -> UInt32 {
    get { seconds[timeout.rawValue] }
    set { seconds[timeout.rawValue] = newValue }
  }
}

/// A policy as the tracker keeps it.
struct TimeoutRow: BitwiseCopyable {
  var id: UInt32 = 0
  /// Whether it is defined; the place keeps its number when it is not any more.
  var isDefined = false
  var isUsed = false
  var seconds = InlineArray<16, UInt32>(repeating: 0)

  @inline(__always)
  func seconds(_ timeout: TrackTimeout) -> UInt32 {
    isDefined ? seconds[timeout.rawValue] : timeout.defaultSeconds
  }
}

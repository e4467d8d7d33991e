// What: which segments belong to a TCP connection, and how far it has come.
//
// How: for each end the tracker keeps what it has sent at most, what the other allows it to send, and the largest window that it
// has offered. A segment fits if it lies within the window, does not acknowledge what was never sent, and, if it is a reset,
// hits what is expected (G. van Rooij, "Real Stateful TCP Packet Filtering in IP Filter", 2000). Of connections that are not
// seen from their beginning the windows' scale is unknown; they get the largest.
//
// The states' numbers, timeouts and tolerances are those of Open vSwitch's userspace datapath.

/// The states of one end, numbered as dumps number them.
public enum TCPState: UInt8, BitwiseCopyable, Sendable, Comparable {
  case closed, listen, synSent, synReceived, established, closeWait, finWait1, closing, lastAck, finWait2,
    timeWait

  /// Orders states by how late in a connection's life they come.
  public static func < (left: TCPState, right: TCPState) -> Bool { left.rawValue < right.rawValue }

  /// The name, as dumps have it.
  public var name: StaticString {
    switch self {
    case .closed: "CLOSED"
    case .listen: "LISTEN"
    case .synSent: "SYN_SENT"
    case .synReceived: "SYN_RECV"
    case .established: "ESTABLISHED"
    case .closeWait: "CLOSE_WAIT"
    case .finWait1: "FIN_WAIT_1"
    case .closing: "CLOSING"
    case .lastAck: "LAST_ACK"
    case .finWait2: "FIN_WAIT_2"
    case .timeWait: "TIME_WAIT"
    }
  }
}

/// How far an end's window is shifted (RFC 7323, section 2).
struct WindowScale: BitwiseCopyable, Equatable {
  /// The bits: 0x80 if the end has said it, 0x40 if that was not seen, the shift in the lowest four.
  var rawValue: UInt8 = 0

  static var maximum: UInt8 { 14 }

  /// The end did not ask for scaling.
  static var none: WindowScale { WindowScale() }
  /// The beginning was not seen.
  static var unknown: WindowScale { WindowScale(rawValue: 0x40) }

  static func said(_ shift: UInt8) -> WindowScale { WindowScale(rawValue: 0x80 | min(shift, maximum)) }

  var isSaid: Bool { rawValue & 0x80 != 0 }
  var isUnknown: Bool { rawValue & 0x40 != 0 }
  var shift: UInt32 { UInt32(rawValue & 0xf) }
}

/// What is known of one end.
struct TCPPeer: BitwiseCopyable {
  /// The sequence number after the last that it has sent.
  var sent: UInt32 = 0
  /// The sequence number after the last that it may send.
  var allowed: UInt32 = 0
  /// The largest window that it has offered, unscaled.
  var window: UInt16 = 0
  var scale = WindowScale.none
  var state = TCPState.closed
}

/// What the tracker looks at in a segment.
struct TCPSegment: BitwiseCopyable {
  var flags: UInt16 = 0
  var window: UInt16 = 0
  var sequence: UInt32 = 0
  var acknowledgment: UInt32 = 0
  /// How many bytes of data it has.
  var byteCount: UInt32 = 0
  /// What a SYN says of the window's scale.
  var scale = WindowScale.none

  static var fin: UInt16 { 1 }
  static var syn: UInt16 { 2 }
  static var rst: UInt16 { 4 }
  static var psh: UInt16 { 8 }
  static var ack: UInt16 { 16 }
  static var urg: UInt16 { 32 }

  @inline(__always)
  func has(_ flag: UInt16) -> Bool { flags & flag != 0 }

  /// Whether no TCP sends such a combination of flags.
  var hasInvalidFlags: Bool {
    if has(TCPSegment.syn) {
      if has(TCPSegment.rst | TCPSegment.fin) { return true }
    } else if !has(TCPSegment.ack | TCPSegment.rst) {
      return true
    }
    return !has(TCPSegment.ack) && has(TCPSegment.fin | TCPSegment.psh | TCPSegment.urg)
  }

  /// Whether it may begin a connection, or show one that began before: anything but the answer to a SYN.
  var mayBegin: Bool { !hasInvalidFlags && !(has(TCPSegment.syn) && has(TCPSegment.ack)) }

  /// How many sequence numbers it takes.
  var length: UInt32 {
    byteCount &+ (has(TCPSegment.syn) ? 1 : 0) &+ (has(TCPSegment.fin) ? 1 : 0)
  }
}

/// What a packet means for its connection.
enum TrackUpdate {
  /// It belongs to a connection that has been answered.
  case established
  /// It belongs to a connection that has not been answered.
  case unanswered
  /// It does not fit.
  case invalid
  /// It begins another connection with the same tuple.
  case begins
}

/// Why a segment did not fit, or that it did only since nothing is checked.
enum TCPFinding { case none, invalidFlags, outOfWindow, unchecked }

extension Connection {
  /// How far an acknowledgment may be off, in bytes.
  private static var maximumSkew: Int32 { 0xffff + 1500 }

  /// Whether `left` is `right` or comes after it, modulo 2^32.
  @inline(__always)
  private static func isAtOrAfter(_ left: UInt32, _ right: UInt32) -> Bool {
    Int32(bitPattern: left &- right) >= 0
  }

  /// A window as it is before it is shifted, not less than what it stands for.
  private static func unscaled(_ window: UInt16, _ shift: UInt32) -> UInt16 {
    UInt16(truncatingIfNeeded: (UInt32(window) &+ (1 &<< shift) &- 1) &>> shift)
  }

  /// Begins a connection with its first segment.
  mutating func begin(_ segment: TCPSegment) {
    var first = TCPPeer()
    var second = TCPPeer()
    first.sent = segment.sequence
    first.allowed = segment.sequence &+ segment.length &+ 1
    first.window = max(1, segment.window)
    if segment.has(TCPSegment.syn) {
      first.scale = segment.scale
      first.window = Connection.unscaled(first.window, first.scale.shift)
    } else {
      first.scale = .unknown
      second.scale = .unknown
    }
    first.state = .synSent
    second.allowed = 1
    second.window = 1
    peers = (first, second)
  }

  /// Follows a segment.
  ///
  /// - Parameters:
  ///   - isChecked: Whether sequence numbers count.
  ///   - timeout: The state whose timeout begins anew, if one does.
  mutating func follow(
    _ segment: TCPSegment, isReply: Bool, isChecked: Bool, timeout: inout TrackTimeout?,
    finding: inout TCPFinding
  ) -> TrackUpdate {
    var sender = isReply ? peers.1 : peers.0
    var receiver = isReply ? peers.0 : peers.1
    let update = Connection.follow(
      segment, &sender, &receiver, isChecked: isChecked, timeout: &timeout, finding: &finding)
    peers = isReply ? (receiver, sender) : (sender, receiver)
    return update
  }

  private static func follow(
    _ segment: TCPSegment, _ sender: inout TCPPeer, _ receiver: inout TCPPeer, isChecked: Bool,
    timeout: inout TrackTimeout?, finding: inout TCPFinding
  ) -> TrackUpdate {
    if segment.hasInvalidFlags {
      finding = .invalidFlags
      return .invalid
    }
    let isSYN = segment.has(TCPSegment.syn)
    if isSYN && !segment.has(TCPSegment.ack) {
      if sender.state >= .finWait2 && receiver.state >= .finWait2 {
        sender.state = .closed
        receiver.state = .closed
        return .begins
      }
      if sender.state <= .synSent {
        sender.state = .synSent
        timeout = .tcpSynSent
        return .unanswered
      }
    }
    var senderShift: UInt32 = 0
    var receiverShift: UInt32 = 0
    if !isSYN {
      if sender.scale.isSaid && receiver.scale.isSaid {
        senderShift = sender.scale.shift
        receiverShift = receiver.scale.shift
      } else if sender.scale.isUnknown && receiver.scale.isUnknown {
        senderShift = UInt32(WindowScale.maximum)
        receiverShift = UInt32(WindowScale.maximum)
      }
    }
    var window = segment.window
    var first = segment.sequence
    var last = first &+ segment.length
    var checksSkew = true
    if sender.state < .synSent {
      // The first segment of this end.
      if isSYN && receiver.scale.isSaid {
        sender.scale = segment.scale
        if sender.scale.isSaid {
          senderShift = sender.scale.shift
          window = unscaled(window, senderShift)
          receiverShift = receiver.scale.shift
        } else {
          // Nobody scales unless both do.
          receiver.window = UInt16(truncatingIfNeeded: UInt32(receiver.window) &<< receiver.scale.shift)
          receiver.scale = .none
        }
      }
      sender.sent = first
      sender.state = .synSent
      let limit = last &+ max(1, UInt32(receiver.window) &<< receiverShift)
      if sender.allowed == 1 || isAtOrAfter(limit, sender.allowed) {
        sender.allowed = limit
        // What was sent before is not known.
        checksSkew = false
      }
      sender.window = max(sender.window, window)
    }
    var acknowledged = segment.acknowledgment
    let resets = segment.has(TCPSegment.rst)
    if !segment.has(TCPSegment.ack) || (acknowledged == 0 && resets) { acknowledged = receiver.sent }
    if first == last {
      // What has no data cannot be out of order.
      first = sender.sent
      last = first
    }
    let skew = checksSkew ? Int32(bitPattern: receiver.sent &- acknowledged) : 0
    let isInWindow =
      isAtOrAfter(sender.allowed, last)
      && isAtOrAfter(first, sender.sent &- UInt32(receiver.window) &<< receiverShift)
      && skew >= -maximumSkew && skew <= maximumSkew &<< Int32(bitPattern: senderShift)
      && (!resets || segment.sequence &- sender.sent &+ 1 <= 2)
    if !isInWindow {
      if isChecked {
        let isLoose =
          receiver.state < .synSent || receiver.state >= .finWait2 || sender.state >= .finWait2
        guard isLoose, isAtOrAfter(sender.allowed &+ UInt32(maximumSkew), last),
          isAtOrAfter(first, sender.sent &- UInt32(maximumSkew))
        else {
          finding = .outOfWindow
          return .invalid
        }
      } else {
        finding = .unchecked
      }
    }
    sender.window = max(sender.window, window)
    if Int32(bitPattern: last &- sender.sent) > 0 { sender.sent = last }
    let offered = UInt32(window) &<< senderShift
    if isAtOrAfter(acknowledged &+ offered, receiver.allowed) {
      receiver.allowed = acknowledged &+ max(1, offered)
    }
    if segment.has(TCPSegment.fin) && sender.state < .closing { sender.state = .closing }
    // A segment that is only nearly right keeps a connection from its end no longer.
    let isWhole = isInWindow || !isChecked
    if isWhole {
      if isSYN && sender.state < .synSent { sender.state = .synSent }
      if segment.has(TCPSegment.ack) {
        if receiver.state == .synSent {
          receiver.state = .established
        } else if receiver.state == .closing {
          receiver.state = .finWait2
        }
      }
    }
    if resets {
      sender.state = .timeWait
      receiver.state = .timeWait
    }
    if isWhole { timeout = TrackTimeout(between: sender.state, and: receiver.state) }
    return .established
  }
}

extension TrackTimeout {
  /// The timeout of a connection whose ends have these states.
  init(between one: TCPState, and other: TCPState) {
    let least = min(one, other)
    let most = max(one, other)
    if least >= .finWait2 {
      self = .tcpClose
    } else if least >= .closing {
      self = .tcpTimeWait
    } else if least < .established {
      self = .tcpSynReceived
    } else if most >= .closing {
      self = .tcpFinWait
    } else {
      self = .tcpEstablished
    }
  }
}

/// The system's log: datagrams in the format of RFC 3164 to its socket, or events where the system has such.
///
/// Nothing is sent, and nobody is told, where there is neither.
public final class SystemLog {
  private enum Method {
    case none
    case events
    case local(path: String)
    case udp(host: String, port: UInt16)
  }

  private let method: Method
  private var descriptor: Descriptor?
  private var events: EventLog?
  private var nextAttempt = Instant(milliseconds: .min)

  /// Says how to reach the log: `null`, `unix:FILE`, `udp:ADDRESS:PORT`; anything else is the system's own way.
  public init(method text: String) {
    let bytes = Array(text.utf8)
    if bytes == Array("null".utf8) {
      method = .none
    } else if bytes.starts(with: "unix:".utf8) {
      method = .local(path: String(decoding: bytes[5...], as: UTF8.self))
    } else if bytes.starts(with: "udp:".utf8),
      let address = try? StreamAddress(
        "tcp:" + String(decoding: bytes[4...], as: UTF8.self), defaultPort: 514, runDirectory: ""),
      case .tcp(let host, let port) = address.transport
    {
      method = .udp(host: host, port: port)
    } else {
      method = Syscalls.systemLogPath.map { .local(path: $0) } ?? .events
    }
  }

  /// Whether nothing is ever sent.
  public var isNone: Bool { if case .none = method { true } else { false } }

  /// Whether each message becomes an event, which costs more than a line and is read one by one.
  public var takesEvents: Bool { if case .events = method { true } else { false } }

  deinit { if let descriptor { Syscalls.close(descriptor) } }

  /// Sends one line.
  public func write(programName: String, priority: Int, _ line: String) {
    if case .events = method {
      if events == nil { events = Syscalls.openEventLog(programName: programName) }
      events?.write(severity: priority & 7, line)
      return
    }
    guard let descriptor = open() else { return }
    let text = "<\(priority)>" + timestamp() + " " + programName + "[\(Process.identifier)]: " + line
    if case .failed = Syscalls.write(descriptor, Array(text.utf8), from: 0) {
      Syscalls.close(descriptor)
      self.descriptor = nil
    }
  }

  private func open() -> Descriptor? {
    if let descriptor { return descriptor }
    let now = Instant.now
    guard now >= nextAttempt else { return nil }
    nextAttempt = now.advanced(byMilliseconds: 1_000)
    switch method {
    case .none, .events: break
    case .local(let path): descriptor = try? Syscalls.connectLocalDatagrams(path)
    case .udp(let host, let port): descriptor = try? Syscalls.connectUDP(host: host, port: port)
    }
    return descriptor
  }

  private func timestamp() -> String {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let time = CalendarTime(unixMilliseconds: WallClock.milliseconds)
    func twoDigits(_ number: Int, _ filler: String) -> String { (number < 10 ? filler : "") + "\(number)" }
    return months[time.month - 1] + " " + twoDigits(time.day, " ") + " " + twoDigits(time.hour, "0") + ":"
      + twoDigits(time.minute, "0") + ":" + twoDigits(time.second, "0")
  }
}

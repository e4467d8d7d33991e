/// Where a stream connects to or listens, as the command lines write it: `unix:FILE`, `tcp:HOST[:PORT]`,
/// `punix:FILE`, `ptcp:[PORT][:HOST]`, with `ssl:` and `pssl:` beside `tcp:` and `ptcp:`.
public struct StreamAddress: Equatable, Sendable {
  /// The kinds of transport.
  public enum Transport: Equatable, Sendable {
    /// A unix socket, or a named pipe on Windows.
    case local(path: String)
    /// TCP. A host without an address to bind to is empty.
    case tcp(host: String, port: UInt16)
    /// TLS over TCP.
    case tls(host: String, port: UInt16)
  }

  /// The transport and its address.
  public var transport: Transport
  /// Whether it listens rather than connects.
  public var isPassive: Bool
  /// The text it was parsed from, for messages and names.
  public var text: String

  /// The port of database connections without one (RFC 7047, section 8).
  public static let databasePort: UInt16 = 6640
  /// The port of OpenFlow connections without one.
  public static let openFlowPort: UInt16 = 6653

  /// Why a text is not an address.
  public enum ParseError: Error, Equatable, Sendable {
    /// The part before the colon names no transport.
    case unknownTransport(String)
    /// The part after the colon is not an address.
    case badAddress(String)
  }

  /// Parses an address; relative paths are below `runDirectory`.
  public init(
    _ text: String, defaultPort: UInt16, runDirectory: String = Directories().run
  ) throws(ParseError) {
    let bytes = Array(text.utf8)
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { throw .unknownTransport(text) }
    let rest = String(decoding: bytes[(colon + 1)...], as: UTF8.self)
    self.text = text
    let scheme = String(decoding: bytes[..<colon], as: UTF8.self)
    switch scheme {
    case "unix", "punix":
      if rest.utf8.isEmpty { throw .badAddress(text) }
      transport = .local(path: Directories.absolute(rest, in: runDirectory))
      isPassive = scheme == "punix"
    case "tcp", "ssl":
      let (host, port) = try StreamAddress.hostAndPort(rest, of: text)
      if host.utf8.isEmpty { throw .badAddress(text) }
      transport =
        scheme == "tcp"
        ? .tcp(host: host, port: port ?? defaultPort) : .tls(host: host, port: port ?? defaultPort)
      isPassive = false
    case "ptcp", "pssl":
      let (host, port) = try StreamAddress.portAndHost(rest, of: text)
      transport =
        scheme == "ptcp"
        ? .tcp(host: host, port: port ?? defaultPort) : .tls(host: host, port: port ?? defaultPort)
      isPassive = true
    default:
      throw .unknownTransport(text)
    }
  }

  /// Splits `HOST[:PORT]`; an IPv6 address stands in brackets if a port follows.
  private static func hostAndPort(
    _ rest: String, of text: String
  ) throws(ParseError) -> (host: String, port: UInt16?) {
    let bytes = Array(rest.utf8)
    if bytes.first == UInt8(ascii: "[") {
      guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { throw .badAddress(text) }
      let host = String(decoding: bytes[1..<close], as: UTF8.self)
      let tail = bytes[(close + 1)...]
      if tail.isEmpty { return (host, nil) }
      guard tail.first == UInt8(ascii: ":") else { throw .badAddress(text) }
      return (host, try port(String(decoding: tail.dropFirst(), as: UTF8.self), of: text))
    }
    let colons = bytes.filter { $0 == UInt8(ascii: ":") }.count
    guard colons == 1, let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return (rest, nil) }
    let host = String(decoding: bytes[..<colon], as: UTF8.self)
    return (host, try port(String(decoding: bytes[(colon + 1)...], as: UTF8.self), of: text))
  }

  /// Splits `[PORT][:HOST]`.
  private static func portAndHost(
    _ rest: String, of text: String
  ) throws(ParseError) -> (host: String, port: UInt16?) {
    let bytes = Array(rest.utf8)
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
      return ("", rest.utf8.isEmpty ? nil : try port(rest, of: text))
    }
    var host = bytes[(colon + 1)...]
    if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") {
      host = host.dropFirst().dropLast()
    }
    let number = String(decoding: bytes[..<colon], as: UTF8.self)
    return (
      String(decoding: host, as: UTF8.self), number.utf8.isEmpty ? nil : try port(number, of: text)
    )
  }

  private static func port(_ digits: String, of text: String) throws(ParseError) -> UInt16 {
    guard let port = UInt16(digits) else { throw .badAddress(text) }
    return port
  }
}

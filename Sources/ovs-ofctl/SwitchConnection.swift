import Command
import Host
import OpenFlow

/// A connection to a switch, on which requests wait for their answers.
final class SwitchConnection {
  /// What the user called the switch.
  let name: String
  /// The connection method, such as `unix:/var/run/openvswitch/br0.mgmt`.
  let method: String
  /// The version agreed upon.
  private(set) var version = OpenFlowVersion.v10
  private let settings: Settings
  private let stream: ByteStream
  private var input = MessageStream()
  private var messages: [[UInt8]] = []
  private var nextMessage = 0
  private var closeReason: ByteStream.CloseReason?

  /// Connects to a bridge's management socket, or to a connection method such as `tcp:127.0.0.1`, and agrees on a
  /// version; ends the program if that fails.
  init(_ name: String, _ settings: Settings, suffix: String = "mgmt", versions: OpenFlowVersions? = nil) {
    self.name = name
    self.settings = settings
    let place = SwitchConnection.address(name, settings, suffix: suffix)
    method = place.address.text
    do throws(SystemError) {
      stream = try ByteStream.connect(to: place.address, on: settings.loop)
    } catch {
      settings.fail(place.failure(error.message))
    }
    stream.onReceive = { [self] bytes in input.append(bytes) }
    stream.onClose = { [self] reason in closeReason = reason }
    negotiate(versions ?? settings.versions, place)
  }

  private struct Place {
    let address: StreamAddress
    let name: String
    let isMethod: Bool

    /// What a failure to connect says.
    func failure(_ reason: String) -> String {
      isMethod ? "connecting to \(name) (\(reason))" : "\(name): failed to connect to socket (\(reason))"
    }
  }

  /// Where to find what the user named: a connection method, else a bridge's socket, else a socket's path.
  private static func address(_ name: String, _ settings: Settings, suffix: String) -> Place {
    if name.utf8.contains(UInt8(ascii: ":")) {
      do throws(StreamAddress.ParseError) {
        let address = try StreamAddress(name, defaultPort: StreamAddress.openFlowPort)
        if case .tls = address.transport { throw .unknownTransport(name) }
        return Place(address: address, name: name, isMethod: true)
      } catch {
        let reason =
          name.utf8.starts(with: "ssl:".utf8)
          ? "Protocol not available" : "Address family not supported by protocol"
        settings.fail("connecting to \(name) (\(reason))")
      }
    }
    let directory = settings.invocation.directories.run
    for path in ["\(directory)/\(name).\(suffix)", name] where Files.kind(path) == .socket {
      if let address = try? StreamAddress("unix:\(path)", defaultPort: 0) {
        return Place(address: address, name: name, isMethod: false)
      }
    }
    settings.fail("\(name) is not a bridge or a socket")
  }

  private func negotiate(_ versions: OpenFlowVersions, _ place: Place) {
    guard let newest = versions.newest else { settings.fail("no OpenFlow version is enabled") }
    send(.hello(Hello(versions: versions)), WireProtocol(newest))
    guard let bytes = nextBytes() else { settings.fail(place.failure(closeText)) }
    guard let received = try? Message.decode(bytes), case .hello(let hello) = received.message else {
      settings.fail(place.failure("Protocol error"))
    }
    guard let agreed = versions.negotiated(with: hello.versions) else {
      settings.invocation.log.module("vconn").warn(
        "\(name): version negotiation failed (we support \(versions.numbers), peer supports "
          + "\(hello.versions.numbers))")
      let text = "We support \(versions.numbers), you support \(hello.versions.numbers), no common versions."
      let error = ErrorMessage(helloFailed: .helloFailedIncompatible, text: text)
      send(.error(error), WireProtocol(newest))
      settings.fail(place.failure("Protocol error"))
    }
    version = agreed
  }

  /// Sends a message and returns its transaction number.
  @discardableResult
  func send(_ message: Message, _ form: WireProtocol? = nil) -> UInt32 {
    let xid = settings.takeXID()
    stream.send(message.encode(form ?? WireProtocol(version), xid: xid))
    return xid
  }

  /// Sends bytes.
  func send(_ bytes: [UInt8]) { stream.send(bytes) }

  /// A transaction number for a message that is not yet sent.
  func takeXID() -> UInt32 { settings.takeXID() }

  /// Whether the peer has closed the connection, or it broke.
  var hasEnded: Bool { closeReason != nil }
  /// Why it has ended.
  var endText: String { closeText }

  /// Lets the peer wait with further messages, or no more.
  func setPaused(_ isPaused: Bool) { if isPaused { stream.pauseReading() } else { stream.resumeReading() } }

  /// A message that has come, if there is one.
  func takeBytes() -> [UInt8]? { takeMessage() }

  /// The next message, or nil when the connection has ended.
  func nextBytes() -> [UInt8]? {
    while true {
      if let message = takeMessage() { return message }
      if closeReason != nil { return nil }
      settings.loop.runOnce()
    }
  }

  private func takeMessage() -> [UInt8]? {
    do throws(OpenFlowError) {
      return try input.next()
    } catch {
      settings.fail("\(name): received a message with an impossible length")
    }
  }

  /// The next message with a transaction number; echo requests meanwhile are answered, and others dropped.
  func reply(to xid: UInt32) -> [UInt8] {
    while true {
      guard let bytes = nextBytes() else { failTalking() }
      guard let header = MessageHeader(bytes) else { continue }
      if header.xid == xid { return bytes }
      answerEcho(bytes)
    }
  }

  /// Answers an echo request; true if it was one.
  @discardableResult
  func answerEcho(_ bytes: [UInt8]) -> Bool {
    guard let header = MessageHeader(bytes), header.type == 2 else { return false }
    let message = Message.echoReply(Array(bytes[MessageHeader.byteCount...]))
    stream.send(message.encode(WireProtocol(version), xid: header.xid))
    return true
  }

  /// Sends a request and returns its answer decoded.
  func transact(_ message: Message) -> ReceivedMessage {
    let bytes = reply(to: send(message))
    do throws(OpenFlowError) {
      return try Message.decode(bytes)
    } catch {
      settings.fail("\(name): received bad reply: \(error.name)")
    }
  }

  /// Sends a request and hands out each part of its answer.
  func transactMultipart(
    _ message: Message, _ form: WireProtocol? = nil, _ each: (_ bytes: [UInt8]) -> Void
  ) {
    let xid = send(message, form)
    while true {
      let bytes = reply(to: xid)
      each(bytes)
      guard Message.hasMore(bytes) else { return }
    }
  }

  /// Sends what has no answer, and a barrier behind it; the errors that came back are returned.
  func transactWithoutReply(_ bytes: [UInt8]) -> [[UInt8]] {
    stream.send(bytes)
    return finish()
  }

  /// Sends a barrier; the errors that came before its answer are returned.
  func finish() -> [[UInt8]] {
    let xid = send(.barrierRequest)
    var errors: [[UInt8]] = []
    while true {
      guard let bytes = nextBytes() else { failTalking() }
      guard let header = MessageHeader(bytes) else { continue }
      if header.xid == xid { return errors }
      if header.type == 1 { errors.append(bytes) } else { answerEcho(bytes) }
    }
  }

  /// Ends the program because the connection broke.
  func failTalking() -> Never { settings.fail("talking to \(method) (\(closeText))") }

  private var closeText: String {
    switch closeReason {
    case .failed(let error): error.message
    default: "End of file"
    }
  }

  /// Closes the connection.
  func close() { stream.close() }
}

extension OpenFlowVersions {
  /// The versions as logs print them: `version 0x01`, `versions 0x01 and 0x04`, `version 0x04 and earlier`.
  var numbers: String {
    let numbers = (0..<UInt32(32)).filter { rawValue & 1 << $0 != 0 }.map { "0x0\(String($0, radix: 16))" }
    if let newest, self == OpenFlowVersions(through: newest), numbers.count > 1 {
      return "version \(numbers[numbers.count - 1]) and earlier"
    }
    if numbers.count == 1 { return "version \(numbers[0])" }
    return "versions " + numbers.joined(separator: ", ")
  }
}

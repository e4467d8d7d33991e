// What: `monitor` and `snoop`, which print what a switch says until they are told to end: on the standard error, in the foreground or as a
// daemon, with a control socket.

import Command
import Datapath
import Host
import OpenFlow

/// A connection whose messages are printed as they come.
final class Monitor {
  private let settings: Settings
  private var isExiting = false
  private var isBlocked = false
  /// Whether packets that the switch paused are sent back at once.
  private var resumes = false
  private var barrier: UnixctlRequest?

  init(_ settings: Settings) { self.settings = settings }

  /// Prints what a switch sends to its controllers.
  func monitor(_ arguments: [String]) {
    if arguments.dropFirst().contains(where: { $0.utf8.elementsEqual("invalid_ttl".utf8) }) {
      limitVersions()
    }
    let connection = SwitchConnection(arguments[0], settings)
    for argument in arguments.dropFirst() { prepare(argument, connection) }
    let format = settings.packetInFormat ?? .nicira2
    connection.send(.setPacketInFormat(format))
    let errors = connection.finish()
    if settings.packetInFormat != nil {
      failIfAny(errors, settings)
    } else if !errors.isEmpty, connection.version == .v10 {
      connection.send(.setPacketInFormat(.nicira))
      _ = connection.finish()
    }
    run(connection, answersEcho: true)
  }

  /// Prints what passes between a switch and its controllers.
  func snoop(_ name: String) {
    run(SwitchConnection(name, settings, suffix: "snoop", versions: .all), answersEcho: false)
  }

  // MARK: Before

  private func prepare(_ argument: String, _ connection: SwitchConnection) {
    if argument.utf8.elementsEqual("invalid_ttl".utf8) {
      change(connection) { $0.invalidTTLToController = true }
    } else if argument.utf8.elementsEqual("resume".utf8) {
      resumes = true
      change(connection) { $0.missSendLength = .max }
    } else if argument.utf8.first.map({ (0x30...0x39).contains($0) }) == true, let length = Int(argument) {
      change(connection) { $0.missSendLength = UInt16(truncatingIfNeeded: length) }
    } else {
      settings.fail("\(argument): unsupported \"monitor\" argument")
    }
  }

  /// Leaves the versions that know whether packets with an invalid TTL are wanted.
  private func limitVersions() {
    var usable = OpenFlowVersions(.v10)
    usable.formUnion(OpenFlowVersions(.v11))
    usable.formUnion(OpenFlowVersions(.v12))
    let both = settings.versions.intersection(usable)
    guard both.rawValue != 0 else {
      settings.fail(
        "invalid_ttl requires one of the OpenFlow versions \(usable.names) but none is enabled (use -O)")
    }
    settings.versions = both
  }

  private func change(_ connection: SwitchConnection, _ body: (inout SwitchConfiguration) -> Void) {
    guard
      case .getConfigurationReply(var configuration) = connection.transact(.getConfigurationRequest).message
    else { settings.fail("\(connection.name): bad reply to config request") }
    body(&configuration)
    connection.send(.setConfiguration(configuration))
    failIfAny(connection.finish(), settings)
  }

  // MARK: Meanwhile

  private func run(_ connection: SwitchConnection, answersEcho: Bool) {
    settings.daemon.start(keeping: .error)
    let server = settings.daemon.startControl(on: settings.loop)
    register(server, connection)
    settings.daemon.complete()
    while !isExiting {
      if !isBlocked, let bytes = connection.takeBytes() {
        show(bytes)
        answer(bytes, connection, answersEcho)
      } else if !isBlocked, connection.hasEnded {
        settings.fail("vconn_recv (\(connection.endText))")
      } else {
        settings.loop.runOnce()
      }
    }
    // The answer to `exit` leaves before the program does.
    settings.loop.runOnce(maximumMilliseconds: 20)
    settings.invocation.exit(0)
  }

  private func show(_ bytes: [UInt8]) {
    if settings.showsTime {
      StandardError.write(CalendarTime(unixMilliseconds: WallClock.milliseconds).text + ": ")
    }
    write(bytes, more: 2)
  }

  private func write(_ bytes: [UInt8], more: Int) {
    StandardError.write(MessagePrinter(verbosity: settings.verbosity + more).text(bytes))
  }

  private func answer(_ bytes: [UInt8], _ connection: SwitchConnection, _ answersEcho: Bool) {
    guard let received = try? Message.decode(bytes) else { return }
    switch received.message {
    case .barrierReply:
      barrier?.reply()
      barrier = nil
    case .echoRequest: if answersEcho { connection.answerEcho(bytes) }
    case .packetIn(let packet):
      guard resumes, !packet.continuation.isEmpty else { return }
      let message = Message.resume(packet).encode(WireProtocol(connection.version), xid: settings.takeXID())
      StandardError.write("send: ")
      write(message, more: 2)
      connection.send(message)
    default: return
    }
  }

  private func register(_ server: UnixctlServer, _ connection: SwitchConnection) {
    server.register("exit") { [self] request in
      isExiting = true
      request.reply()
    }
    server.register("ofctl/send", usage: "OFMSG...", minimum: 1, maximum: nil) { [self] request in
      send(request, connection)
    }
    server.register(
      "ofctl/packet-out", usage: "\"in_port=<port> packet=<hex data> actions=...\"", minimum: 1, maximum: 1
    ) { [self] request in
      let message = PacketCommands(settings).message(request.arguments[0], bridge: connection.name)
        .encode(WireProtocol(connection.version), xid: settings.takeXID())
      write(message, more: 0)
      connection.send(message)
      request.reply()
    }
    server.register("ofctl/barrier") { [self] request in
      guard barrier == nil else { return request.fail("already waiting for barrier reply") }
      barrier = request
      connection.send(.barrierRequest)
    }
    server.register("ofctl/set-output-file", usage: "FILE", minimum: 1, maximum: 1) { request in
      do throws(SystemError) {
        try Detachment.redirectError(to: request.arguments[0])
        request.reply()
      } catch {
        request.fail(error.message)
      }
    }
    for (name, blocks) in [("ofctl/block", true), ("ofctl/unblock", false)] {
      server.register(name) { [self] request in
        let isKnown = isBlocked == blocks
        isBlocked = blocks
        connection.setPaused(blocks)
        request.reply(isKnown ? (blocks ? "already blocking" : "already unblocked") : "")
      }
    }
  }

  private func send(_ request: UnixctlRequest, _ connection: SwitchConnection) {
    var answer = ""
    var isRight = true
    for argument in request.arguments {
      guard let bytes = PacketCommands.bytes(argument) else {
        answer += "Trailing garbage in hex data\n"
        isRight = false
        continue
      }
      guard let header = MessageHeader(bytes) else {
        answer += "Message too short for OpenFlow\n"
        isRight = false
        continue
      }
      guard header.length == bytes.count else {
        answer += "Message size does not match length in OpenFlow header\n"
        isRight = false
        continue
      }
      StandardError.write("send: ")
      write(bytes, more: 0)
      connection.send(bytes)
      answer += "sent\n"
    }
    if isRight { request.reply(answer) } else { request.fail(answer) }
  }
}

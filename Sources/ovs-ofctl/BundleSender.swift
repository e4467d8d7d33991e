import Host
import OpenFlow

/// Sends changes in a bundle: the switch carries out all of them or none.
struct BundleSender {
  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  /// Opens a bundle, fills and commits it; ends the program if the switch refuses any part.
  func send(_ changes: [Message], _ usable: FlowFormats, to name: String) {
    let connection = SwitchConnection(name, settings)
    let format = connection.chooseFormat(for: usable, settings)
    let form = format.form
    let flags: BundleFlags = [.atomic, .ordered]
    var sent: [UInt32: [UInt8]] = [:]
    control(.openRequest, flags, connection, sent)
    var start = 0
    while start < changes.count {
      let end = min(start + 1024, changes.count)
      var bytes: [UInt8] = []
      for change in changes[start..<end] {
        let xid = connection.takeXID()
        let message = change.encode(form, xid: xid)
        let add = BundleAdd(bundleID: 0, flags: flags, message: message)
        bytes += Message.bundleAdd(add).encode(form, xid: xid)
        sent[xid] = message
      }
      let errors = connection.transactWithoutReply(bytes)
      if !errors.isEmpty { fail(errors, sent, connection) }
      start = end
    }
    control(.commitRequest, flags, connection, sent)
    connection.close()
  }

  /// Sends a control message and waits for its answer.
  private func control(
    _ type: BundleControlType, _ flags: BundleFlags, _ connection: SwitchConnection, _ sent: [UInt32: [UInt8]]
  ) {
    let message = Message.bundleControl(BundleControl(bundleID: 0, type: type, flags: flags))
    let xid = connection.send(message)
    var errors: [[UInt8]] = []
    while true {
      guard let bytes = connection.nextBytes() else { connection.failTalking() }
      guard let header = MessageHeader(bytes) else { continue }
      if header.type == 1 { errors.append(bytes) }
      guard header.xid == xid else { continue }
      if errors.isEmpty { return }
      fail(errors, sent, connection)
    }
  }

  /// Says which messages the switch refused, and ends the program.
  private func fail(_ errors: [[UInt8]], _ sent: [UInt32: [UInt8]], _ connection: SwitchConnection) -> Never {
    let printer = MessagePrinter(verbosity: settings.verbosity + 1)
    for bytes in errors {
      guard let received = try? Message.decode(bytes), case .error(let error) = received.message else {
        continue
      }
      let name = error.error?.name ?? "type \(error.type), code \(error.code)"
      let about = sent[received.xid] ?? error.data
      StandardError.write("Error \(name) for: \(printer.text(about))")
    }
    settings.fail("talking to \(connection.method) (Protocol error)")
  }
}

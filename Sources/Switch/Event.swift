public import Datapath
public import JSON

/// What happens to the switch from outside.
public enum Event: Sendable {
  /// The connection to the database server is up.
  case databaseOpened
  /// A message of the database server (RFC 7047).
  case databaseReceived(JSONValue)
  /// The connection to the database server is down; whoever runs the switch opens it again.
  case databaseClosed(reason: String)

  /// A listener accepted a stream, to which the caller gave a number by `VirtualSwitch.makeStreamID()`.
  case streamAccepted(ListenerID, StreamID, peer: String)
  /// A stream that the switch asked for is open.
  case streamOpened(StreamID)
  /// Bytes of a stream.
  case streamReceived(StreamID, [UInt8])
  /// What `Effect.awaitDrain` waits for: everything sent on a stream has left.
  case streamDrained(StreamID)
  /// A stream that the switch did not close is gone, or could not be opened.
  case streamClosed(StreamID, reason: String)
  /// A listener could not be opened.
  case listenerFailed(ListenerID, reason: String)

  /// A message of the datapath, in the netlink format of `Datapath/Protocol`: a reply, a notification, an upcall.
  case datapathReceived([UInt8])

  /// What the host's network devices look like now. The list is whole: a device not in it is gone.
  case devicesChanged([NetworkDevice])
  /// What the host's routes look like now. The list is whole.
  case routesChanged([NetworkRoute])

  /// A user's command, to be answered by one `Effect.reply`.
  case command(CommandID, name: String, arguments: [String])
}

// A datapath that runs outside of the daemon, asked by whoever wants to, whether a daemon runs or not. On Windows it is the
// driver's; on Linux there is none, as the datapaths live in the daemon.

public import Datapath

/// A way to the datapath outside of the daemon.
public final class OutsideDatapath {
  private let conversation: DriverConversation
  private let end: () -> Void
  /// The datapath's name.
  public let name: String

  /// Finds the datapath behind an open device.
  init(_ device: some DriverDevice, end: @escaping () -> Void) throws(SystemError) {
    conversation = try DriverConversation(device)
    self.end = end
    let answers = try conversation.request(.datapath(.get, DatapathMessage()), [.request, .dump])
    guard let found = answers.first, case .datapath(_, let description) = found.body else {
      throw Syscalls.unsupported
    }
    name = String(decoding: description.name ?? [], as: UTF8.self)
    conversation.datapathIndex = found.header.datapathIndex
  }

  /// Carries out a request; what failed is an error message among the answers.
  public func request(
    _ body: NetlinkMessage.Body, _ flags: MessageFlags = [.request, .acknowledge]
  ) throws(SystemError) -> [NetlinkMessage] {
    try conversation.request(body, flags)
  }

  /// Ends the way.
  public func close() { end() }
}

#if !APUS_WINDOWS
  extension OutsideDatapath {
    /// Whether this system has such a datapath.
    public static var isSupported: Bool { false }

    /// Opens the way to the datapath.
    public static func open() throws(SystemError) -> OutsideDatapath { throw Syscalls.unsupported }
  }
#endif

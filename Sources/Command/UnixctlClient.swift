public import Host
import JSON

/// One command sent to a running program's control socket.
public enum UnixctlClient {
  /// How a command ended.
  public enum Outcome: Equatable, Sendable {
    /// The program did it and said this.
    case success(String)
    /// The program refused and said this.
    case failure(String)
    /// The connection failed.
    case disconnected(String)
  }

  /// Sends a command and waits for its answer.
  public static func run(
    _ command: String, _ arguments: [String], at address: StreamAddress, on loop: EventLoop
  ) throws(SystemError) -> Outcome {
    let connection = try JSONRPCConnection.connect(to: address, on: loop)
    var outcome = Outcome.disconnected("End of file")
    connection.onMessage = { value in
      if let error = value["error"]?.text {
        outcome = .failure(error.string)
      } else if let result = value["result"]?.text {
        outcome = .success(result.string)
      } else {
        outcome = .disconnected("Protocol error")
      }
      connection.close()
    }
    connection.onClose = { reason in
      if case .stream(.closedHere) = reason {} else { outcome = .disconnected(reason.message) }
      loop.stop()
    }
    let parameters = arguments.map { JSONValue.string(Text($0)) }
    connection.send(["method": .string(Text(command)), "params": .array(parameters), "id": 0])
    loop.run()
    return outcome
  }
}

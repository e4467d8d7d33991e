public import JSON

/// Why a replica cannot be had, or cannot be kept.
public enum ReplicaError: Error, Equatable, Sendable {
  /// The server refused the request, with this error.
  case refused(JSONValue)
  /// The server sent something that the protocol has not; the text says what.
  case malformed(String)
}

extension ReplicaError: CustomStringConvertible {
  /// The error as a user reads it.
  public var description: String {
    switch self {
    case .refused(let json): json["details"]?.text?.string ?? json["error"]?.text?.string ?? json.string()
    case .malformed(let what): "protocol error: \(what)"
    }
  }
}

/// Why a flow, an action or a value was not understood, in the words that OVS's tools use.
public struct FlowTextError: Error, Equatable, Sendable {
  /// The message for the user.
  public let message: String

  /// An error with a message for the user.
  public init(_ message: String) { self.message = message }
}

import Datapath
import OpenFlow

/// What the flows of a datapath want of the other parts of the switch.
enum FlowStep {
  /// A packet goes to controllers.
  case packetIn(ControllerPacket)
  /// A `learn` action asks for a rule.
  case learn(LearnedRule)
  /// A user's command has what it waited for of this datapath.
  case finished(CommandID)
  /// The flows are as the rules were when a stream's barrier came.
  case settled(StreamID)
}

/// A packet that a rule sends to controllers.
struct ControllerPacket {
  /// The bridge.
  var bridge: Bridge
  /// What the pipeline knew of it.
  var pause: Pause
  /// Its headers and pipeline fields, with OpenFlow port numbers.
  var key: FlowKey
  /// The packet.
  var frame: [UInt8]
  /// The datapath's port that it came in by, 0 for none.
  var datapathPort: UInt32 = 0
}

/// A packet that a controller gives back.
struct ResumedPacket {
  /// The packet.
  var frame: [UInt8]
  /// The bridge in which it goes on.
  var bridge: Bridge
  /// What the message says of the pipeline and of the packet's connection, with OpenFlow port numbers.
  var key: FlowKey
  /// Where it goes on.
  var frozen: Frozen
  /// The datapath's port that it came in by.
  var datapathPort: DatapathPortNumber
}

/// How much of what waits one step of the switch does; the rest waits for the next step.
///
/// The unit of both is what takes some ten microseconds.
public struct StepBudget: Sendable, Equatable {
  /// How many packets that came up are translated, of each datapath.
  public var packetCount: Int
  /// How many flows are looked over, of each datapath.
  public var flowCount: Int

  /// Makes a budget.
  public init(packetCount: Int, flowCount: Int) {
    self.packetCount = packetCount
    self.flowCount = flowCount
  }

  /// What a step does if nobody says otherwise: about two milliseconds' work.
  public static let standard = StepBudget(packetCount: 64, flowCount: 64)
  /// Nothing of what waits.
  public static let none = StepBudget(packetCount: 0, flowCount: 0)
}

/// What was measured of the turns of the loop that the switch runs in (`coverage/show`).
public struct TurnCounts: Sendable, Equatable {
  /// The longest turn so far, in microseconds.
  public var longestMicroseconds: UInt64
  /// How many turns took longer than 20 milliseconds.
  public var longCount: UInt64

  /// Makes counts.
  public init(longestMicroseconds: UInt64 = 0, longCount: UInt64 = 0) {
    self.longestMicroseconds = longestMicroseconds
    self.longCount = longCount
  }
}

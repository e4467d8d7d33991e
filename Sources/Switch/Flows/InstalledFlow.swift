import Datapath

/// A flow that the switch put into a datapath, and what it has to know to keep it right.
struct InstalledFlow {
  /// The name that the datapath knows it by.
  var identifier: FlowIdentifier
  /// The datapath's port that its packets come in by.
  var port: UInt32
  /// What the first packet looked like, with the datapath's port numbers.
  var key: PackedKey
  /// Which bits of that count.
  var mask: PackedKey
  /// What the datapath does.
  var actions: [DatapathAction]
  /// What its packets are credited to.
  var credits: [Credit]
  /// The generation of the datapath's bridges at which it was translated last.
  var generation: UInt64
  /// When a packet used it last, as far as the switch has heard.
  var usedMilliseconds: Int64
  /// The rules that its packets ask for.
  var learned: [LearnedRule] = []
  /// The counters that were credited so far.
  var creditedPackets: UInt64 = 0
  var creditedBytes: UInt64 = 0
  /// Whether the datapath was asked to remove it.
  var isGoing = false
  /// The last dump that was asked for before the flow was put there; later ones name it.
  var createdDump: UInt64
  /// The dump in which the datapath named it last.
  var lastDump: UInt64 = 0
}

import Datapath
import OpenFlow

/// What is to be translated: a packet's headers at a place of a bridge's pipeline.
struct TranslationRequest {
  /// The bridge.
  var bridge: Bridge
  /// The packet's headers; `in_port` is the OpenFlow port number.
  var key: FlowKey
  /// The packet.
  ///
  /// Nil while a datapath flow is revalidated.
  var frame: [UInt8]?
  /// What to credit to the rules, ports and addresses passed: 0 while nothing is to be credited.
  var packetCount: UInt64 = 0
  /// The bytes of those packets.
  var byteCount: UInt64 = 0
  /// Whether learned addresses may change and packet-ins be sent.
  var mayHaveSideEffects = true
  /// The time, in milliseconds.
  var now: Int64
}

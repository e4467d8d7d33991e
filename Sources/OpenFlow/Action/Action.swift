// What: the one internal form of OpenFlow actions and instructions.
//
// Why: OpenFlow has a codec per version, Nicira's extensions and a text form. All of them convert from and to this
// list, and translation reads nothing else.
//
// How: instructions other than "apply actions" are actions too, in the order in which a flow executes them:
// meter, apply (the plain actions), clear_actions, write_actions, write_metadata, goto_table.

public import Datapath

/// An action or instruction of a flow.
public indirect enum Action: Hashable, Sendable {
  /// `output`; to the controller, sends at most `maximumByteCount` bytes of the packet.
  case output(OpenFlowPortNumber, maximumByteCount: UInt16)
  /// `output:reg0[0..15]`.
  case outputField(Subfield, maximumByteCount: UInt16)
  /// `output(port=1,max_len=100)`: sends the first bytes of the packet alone, at least `leastTruncatedByteCount`.
  case outputTruncated(OpenFlowPortNumber, maximumByteCount: UInt32)
  /// `enqueue`.
  case enqueue(OpenFlowPortNumber, queue: UInt32)
  /// `controller(…)`.
  case controller(ControllerAction)
  /// `group`.
  case group(UInt32)
  /// `bundle` and `bundle_load`.
  case bundle(BundleAction)

  /// `set_field` and `load`.
  case setField(SetFieldAction)
  /// `move`.
  case move(from: Subfield, to: Subfield)
  /// `push`, onto the stack of a flow's translation.
  case stackPush(Subfield)
  /// `pop`, from that stack.
  case stackPop(Subfield)
  /// `delete_field`.
  case deleteField(Field)

  /// `mod_vlan_vid` (pushes a tag if there is none) and `set_vlan_vid` (does not).
  case setVLANID(UInt16, pushesIfNeeded: Bool)
  /// `mod_vlan_pcp` (pushes a tag if there is none) and `set_vlan_pcp` (does not).
  case setVLANPriority(UInt8, pushesIfNeeded: Bool)
  /// `strip_vlan`, or `pop_vlan`, as OpenFlow 1.1 and later call it.
  case stripVLAN(isPop: Bool = false)
  /// `push_vlan`, with its EtherType.
  case pushVLAN(UInt16)
  /// `mod_dl_src`, in the low 48 bits.
  case setEthernetSource(UInt64)
  /// `mod_dl_dst`, in the low 48 bits.
  case setEthernetDestination(UInt64)
  /// `mod_nw_src`.
  case setIPv4Source(UInt32)
  /// `mod_nw_dst`.
  case setIPv4Destination(UInt32)
  /// `mod_nw_tos`: the DSCP, in the upper six bits.
  case setIPDSCP(UInt8)
  /// `mod_nw_ecn`.
  case setIPECN(UInt8)
  /// `mod_nw_ttl`.
  case setIPTTL(UInt8)
  /// `mod_tp_src`.
  case setTransportSource(UInt16)
  /// `mod_tp_dst`.
  case setTransportDestination(UInt16)
  /// `dec_ttl`, with the controllers to tell of a packet that expires; usually controller 0 alone.
  case decrementTTL(controllers: [UInt16])
  /// `push_mpls`, with its EtherType.
  case pushMPLS(UInt16)
  /// `pop_mpls`, with the EtherType of what lies beneath.
  case popMPLS(UInt16)
  /// `set_mpls_label`.
  case setMPLSLabel(UInt32)
  /// `set_mpls_tc`.
  case setMPLSTrafficClass(UInt8)
  /// `set_mpls_ttl`.
  case setMPLSTTL(UInt8)
  /// `dec_mpls_ttl`.
  case decrementMPLSTTL
  /// `dec_nsh_ttl`.
  case decrementNSHTTL
  /// `encap`.
  case encapsulate(EncapsulateAction)
  /// `decap`, with the packet type that the rest is to have, if it was given.
  case decapsulate(packetType: UInt32?)

  /// `set_tunnel` and `set_tunnel64`.
  case setTunnel(UInt64, isWide: Bool)
  /// `set_queue`.
  case setQueue(UInt32)
  /// `pop_queue`.
  case popQueue
  /// `fin_timeout`, in seconds, zero for none.
  case finTimeout(idleSeconds: UInt16, hardSeconds: UInt16)

  /// `resubmit`; a nil port leaves the input port, a nil table means the current one.
  case resubmit(ResubmitAction)
  /// `learn`.
  case learn(LearnAction)
  /// `multipath`.
  case multipath(MultipathAction)
  /// `conjunction`.
  case conjunction(ConjunctionAction)
  /// `note`.
  case note([UInt8])
  /// `exit`.
  case exit
  /// `sample`.
  case sample(SampleAction)
  /// `ct`.
  case connectionTrack(ConnectionTrackAction)
  /// `nat`, inside `ct` alone.
  case nat(NATAction)
  /// `ct_clear`.
  case connectionTrackClear
  /// `clone`.
  case clone([Action])
  /// `check_pkt_larger`.
  case checkPacketLarger(byteCount: UInt16, to: Subfield)
  /// `debug_recirc`.
  case debugRecirculate
  /// `debug_slow`.
  case debugSlow

  /// `meter`.
  case meter(UInt32)
  /// `clear_actions`.
  case clearActions
  /// `write_actions`.
  case writeActions([Action])
  /// `write_metadata`.
  case writeMetadata(UInt64, mask: UInt64)
  /// `goto_table`.
  case gotoTable(UInt8)
}

extension Action {
  /// The length that says that a packet goes to the controller whole (`OFPCML_NO_BUFFER`).
  public static var unlimitedByteCount: UInt16 { 0xffff }

  /// The shortest that a packet is cut to: an Ethernet header must stay.
  static var leastTruncatedByteCount: UInt32 { 14 }

  /// `output` of whole packets.
  public static func output(_ port: OpenFlowPortNumber) -> Action { .output(port, maximumByteCount: 0) }

  /// `set_field` of a whole field.
  public static func setField(_ field: Field, _ value: FieldValue) -> Action {
    .setField(SetFieldAction(field, value: value, mask: field.validBits))
  }
}

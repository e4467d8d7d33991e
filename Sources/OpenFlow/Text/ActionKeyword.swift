/// The actions and instructions by the names of flow syntax.
enum ActionKeyword: UInt8, Sendable {
  case output, group, controller, enqueue, bundle, bundleLoad
  case setField, load, move, push, pop, deleteField
  case setVLANID, modVLANID, setVLANPriority, modVLANPriority, stripVLAN, popVLAN, pushVLAN
  case modEthernetSource, modEthernetDestination, modIPSource, modIPDestination
  case modTOS, modECN, modTTL, modTransportSource, modTransportDestination
  case decrementTTL, pushMPLS, popMPLS, setMPLSLabel, setMPLSTrafficClass, setMPLSTTL, decrementMPLSTTL
  case decrementNSHTTL, encap, decap
  case setTunnel, setTunnel64, setQueue, popQueue, finTimeout
  case resubmit, learn, multipath, conjunction, note, exit, sample, unroll
  case connectionTrack, connectionTrackClear, nat, clone, checkPacketLarger, debugRecirculate, debugSlow
  case meter, clearActions, writeActions, writeMetadata, gotoTable, applyActions, drop

  static let table = KeywordTable<ActionKeyword>([
    ("output", .output), ("group", .group), ("controller", .controller), ("enqueue", .enqueue),
    ("bundle", .bundle), ("bundle_load", .bundleLoad), ("set_field", .setField), ("load", .load),
    ("move", .move), ("push", .push), ("pop", .pop), ("delete_field", .deleteField),
    ("set_vlan_vid", .setVLANID), ("mod_vlan_vid", .modVLANID), ("set_vlan_pcp", .setVLANPriority),
    ("mod_vlan_pcp", .modVLANPriority), ("strip_vlan", .stripVLAN), ("pop_vlan", .popVLAN),
    ("push_vlan", .pushVLAN), ("mod_dl_src", .modEthernetSource), ("mod_dl_dst", .modEthernetDestination),
    ("mod_nw_src", .modIPSource), ("mod_nw_dst", .modIPDestination), ("mod_nw_tos", .modTOS),
    ("mod_nw_ecn", .modECN), ("mod_nw_ttl", .modTTL), ("set_nw_ttl", .modTTL),
    ("mod_tp_src", .modTransportSource), ("mod_tp_dst", .modTransportDestination), ("dec_ttl", .decrementTTL),
    ("push_mpls", .pushMPLS), ("pop_mpls", .popMPLS), ("set_mpls_label", .setMPLSLabel),
    ("set_mpls_tc", .setMPLSTrafficClass), ("set_mpls_ttl", .setMPLSTTL), ("dec_mpls_ttl", .decrementMPLSTTL),
    ("dec_nsh_ttl", .decrementNSHTTL), ("encap", .encap), ("decap", .decap), ("set_tunnel", .setTunnel),
    ("set_tunnel64", .setTunnel64), ("set_queue", .setQueue), ("pop_queue", .popQueue),
    ("fin_timeout", .finTimeout), ("resubmit", .resubmit), ("learn", .learn), ("multipath", .multipath),
    ("conjunction", .conjunction), ("note", .note), ("exit", .exit), ("sample", .sample),
    ("unroll_xlate", .unroll), ("ct", .connectionTrack), ("ct_clear", .connectionTrackClear), ("nat", .nat),
    ("clone", .clone), ("check_pkt_larger", .checkPacketLarger), ("debug_recirc", .debugRecirculate),
    ("debug_slow", .debugSlow), ("meter", .meter), ("clear_actions", .clearActions),
    ("write_actions", .writeActions), ("write_metadata", .writeMetadata), ("goto_table", .gotoTable),
    ("apply_actions", .applyActions), ("drop", .drop),
  ])
}

// The names of the log's modules. Users name them in `-v` and `vlog/set`, and Open vSwitch's names are what they know: each is accepted
// and listed, whether or not this program has anything to say under it.

/// Names of modules of the log, by who has them.
public enum LogModuleNames {
  /// What every program has.
  static let common = [
    "backtrace", "bundle", "command_line", "conntrack", "conntrack_tp", "coverage", "ct_dpif", "daemon",
    "daemon_unix", "dns_resolve", "dpdk", "dpif", "dpif_lookup_autovalidator", "dpif_lookup_generic",
    "dpif_mfex_extract_study", "dpif_netdev", "dpif_netdev_extract", "dpif_netdev_impl",
    "dpif_netdev_lookup", "dpif_netlink", "dpif_netlink_rtnl", "entropy", "fatal_signal", "flow", "hmap",
    "ipf", "jsonrpc", "lockfile", "memory", "meta_flow", "native_tnl", "netdev", "netdev_afxdp",
    "netdev_linux", "netdev_offload", "netdev_offload_tc", "netdev_vport", "netlink", "netlink_conntrack",
    "netlink_notifier", "netlink_socket", "nx_match", "odp_execute", "odp_execute_impl", "odp_util",
    "ofp_actions", "ofp_bundle", "ofp_connection", "ofp_errors", "ofp_flow", "ofp_group", "ofp_match",
    "ofp_meter", "ofp_monitor", "ofp_msgs", "ofp_packet", "ofp_port", "ofp_protocol", "ofp_queue",
    "ofp_table", "ofp_util", "ovs_numa", "ovs_rcu", "ovs_replay", "ovs_router", "ovs_thread", "ovsdb_cs",
    "ovsdb_error", "ovsdb_idl", "ox_stat", "pmd_perf", "poll_loop", "process", "reconnect", "route_table",
    "sha1", "signals", "socket_util", "socket_util_unix", "stream", "stream_fd", "stream_replay",
    "stream_ssl", "stream_tcp", "stream_unix", "svec", "tc", "timeval", "unixctl", "userspace_tso", "util",
    "uuid", "vconn", "vconn_stream", "vlog",
  ]

  /// What the switch daemon has beside.
  public static let ofSwitch = [
    "bfd", "bond", "bridge", "bundles", "cfm", "collectors", "connmgr", "fail_open", "in_band", "ipfix",
    "lacp", "lldp", "lldpd", "lldpd_structs", "netdev_dummy", "netflow", "ofproto", "ofproto_dpif",
    "ofproto_dpif_mirror", "ofproto_dpif_monitor", "ofproto_dpif_rid", "ofproto_dpif_upcall",
    "ofproto_dpif_xlate", "ofproto_xlate_cache", "ovs_lldp", "pcap", "rconn", "rstp", "rstp_sm", "sflow",
    "stp", "system_stats", "tunnel", "vswitchd",
  ]

  /// What the database server, and in part its tools, have beside.
  public static let ofDatabase = [
    "ovsdb", "ovsdb_file", "ovsdb_jsonrpc_server", "ovsdb_log", "ovsdb_monitor", "ovsdb_rbac",
    "ovsdb_server", "ovsdb_util", "raft", "raft_rpc", "relay", "replication", "storage", "transaction",
    "transaction_forward", "trigger",
  ]

  /// What `ovsdb-client` has beside.
  public static let ofDatabaseClient = ofDatabase + ["ovsdb_client"]

  /// What `ovs-vsctl` has beside.
  public static let ofConfigurationTool = ["db_ctl_base", "vsctl"]

  /// What `ovs-ofctl` has beside.
  public static let ofFlowTool = ["ofctl", "pcap"]
}

/// The text of `--help`.
enum Help {
  static let text = """
    ovs-ofctl: OpenFlow switch management utility
    usage: ovs-ofctl [OPTIONS] COMMAND [ARG...]

    For OpenFlow switches:
      show SWITCH                 show OpenFlow information
      dump-desc SWITCH            print switch description
      dump-tables SWITCH          print table stats
      mod-port SWITCH IFACE ACT   modify port behavior
      get-frags SWITCH            print fragment handling behavior
      set-frags SWITCH FRAG_MODE  set fragment handling behavior
      dump-ports SWITCH [PORT]    print port statistics
      dump-ports-desc SWITCH [PORT]  print port descriptions
      dump-flows SWITCH           print all flow entries
      dump-flows SWITCH FLOW      print matching FLOWs
      dump-aggregate SWITCH       print aggregate flow statistics
      dump-aggregate SWITCH FLOW  print aggregate stats for FLOWs
      queue-stats SWITCH [PORT [QUEUE]]  dump queue stats
      add-flow SWITCH FLOW        add flow described by FLOW
      add-flows SWITCH FILE       add flows from FILE
      mod-flows SWITCH FLOW       modify actions of matching FLOWs
      del-flows SWITCH [FLOW]     delete matching FLOWs
      replace-flows SWITCH FILE   replace flows with those in FILE
      diff-flows SOURCE1 SOURCE2  compare flows from two sources
      add-group SWITCH GROUP      add group described by GROUP
      add-groups SWITCH FILE      add groups from FILE
      mod-group SWITCH GROUP      modify specific group
      del-groups SWITCH [GROUP]   delete matching GROUPs
      insert-buckets SWITCH [GROUP]  add buckets to GROUP
      remove-buckets SWITCH [GROUP]  remove buckets from GROUP
      dump-group-features SWITCH  print group features
      dump-groups SWITCH [GROUP]  print group description
      dump-group-stats SWITCH [GROUP]  print group statistics
      add-meter SWITCH METER      add meter described by METER
      mod-meter SWITCH METER      modify specific METER
      del-meters SWITCH [METER]   delete meters matching METER
      dump-meters SWITCH [METER]  print METER configuration
      meter-stats SWITCH [METER]  print meter statistics
      meter-features SWITCH       print meter features
      bundle SWITCH FILE          send the flows, groups and packets of FILE
                                  all at once or not at all
      packet-out SWITCH PACKET    send a packet out of the switch
      monitor SWITCH [MISSLEN] [invalid_ttl]
                                  print packets received from SWITCH
      snoop SWITCH                snoop on SWITCH and its controller

    For OpenFlow switches and controllers:
      probe TARGET                probe whether TARGET is up
      ping TARGET [N]             latency of N-byte echos
    SWITCH or TARGET is an active OpenFlow connection method.

    Active OpenFlow connection methods:
      tcp:HOST[:PORT]         PORT (default: 6653) at remote HOST
      unix:FILE               Unix domain socket named FILE

    OpenFlow version options:
      -V, --version           display version information
      -O, --protocols         set allowed OpenFlow versions
                              (default: OpenFlow10)

    Other options:
      --strict                    use strict match for flow commands
      --bundle                    send flow changes all at once or not at all
      --may-create                mod-group: add a group that is not there
      --readd                     replace flows that haven't changed
      -F, --flow-format=FORMAT    force particular flow format
      -P, --packet-in-format=FRMT force particular packet in format
      -m, --more                  be more verbose printing OpenFlow
      --timestamp                 (monitor, snoop) print timestamps
      -t, --timeout=SECS          give up after SECS seconds
      --sort[=field]              sort in ascending order
      --rsort[=field]             sort in descending order
      --names                     show port names instead of numbers
      --no-names                  show port numbers, but not names
      --no-stats                  leave counters out of dumps
      --unixctl=SOCKET            set control socket name (monitor, snoop)
      -h, --help                  display this help message
      -V, --version               display version information

    """
}

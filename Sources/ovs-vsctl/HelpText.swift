import Command
import Host

extension Program {
  /// The text of `--help`.
  static func helpText(_ invocation: Invocation) -> String {
    """
    \(invocation.programName): ovs-vswitchd management utility
    usage: \(invocation.programName) [OPTIONS] COMMAND [ARG...]

    \(switchHelp)
    \(databaseHelp)
    Options:
      --db=DATABASE               connect to DATABASE
                                  (default: unix:\(invocation.directories.run)/db.sock)
      --no-wait                   do not wait for ovs-vswitchd to reconfigure
      --retry                     keep trying to connect to server forever
      -t, --timeout=SECS          wait at most SECS seconds for ovs-vswitchd
      --dry-run                   do not commit changes to database
      --oneline                   print exactly one line of output per command

    Output formatting options:
      -f, --format=FORMAT         set output formatting to FORMAT
                                  ("table", "list", "html", "csv", or "json")
      -d, --data=FORMAT           set table cell output formatting to
                                  FORMAT ("string", "bare", or "json")
      --no-headings               omit table heading row
      --pretty                    pretty-print JSON in output
      --bare                      equivalent to "--format=list --data=bare --no-headings"
    \(invocation.logHelp)  --no-syslog             equivalent to --verbose=vsctl:syslog:warn

    Other options:
      -h, --help                  display this help message
      -V, --version               display version information

    """
  }

  private static let switchHelp = """
    Open vSwitch commands:
      init                        initialize database, if not yet initialized
      show                        print overview of database contents
      emer-reset                  reset configuration to clean state

    Bridge commands:
      add-br BRIDGE               create a new bridge named BRIDGE
      add-br BRIDGE PARENT VLAN   create new fake BRIDGE in PARENT on VLAN
      del-br BRIDGE               delete BRIDGE and all of its ports
      list-br                     print the names of all the bridges
      br-exists BRIDGE            exit 2 if BRIDGE does not exist
      br-to-vlan BRIDGE           print the VLAN which BRIDGE is on
      br-to-parent BRIDGE         print the parent of BRIDGE
      br-set-external-id BRIDGE KEY VALUE  set KEY on BRIDGE to VALUE
      br-set-external-id BRIDGE KEY  unset KEY on BRIDGE
      br-get-external-id BRIDGE KEY  print value of KEY on BRIDGE
      br-get-external-id BRIDGE  list key-value pairs on BRIDGE

    Port and interface commands (a bond is one port with several interfaces):
      list-ports BRIDGE           print the names of all the ports on BRIDGE
      add-port BRIDGE PORT        add network device PORT to BRIDGE
      add-bond BRIDGE PORT IFACE...  add bonded port PORT in BRIDGE from IFACES
      add-bond-iface BOND IFACE   add IFACE to BOND
      del-bond-iface [BOND] IFACE  take IFACE out of its bond
      del-port [BRIDGE] PORT      delete PORT (which may be bonded) from BRIDGE
      port-to-br PORT             print name of bridge that contains PORT
      list-ifaces BRIDGE          print the names of all interfaces on BRIDGE
      iface-to-br IFACE           print name of bridge that contains IFACE

    Controller and manager commands:
      get-controller BRIDGE       print the controllers for BRIDGE
      del-controller BRIDGE       delete the controllers for BRIDGE
      [--inactivity-probe=MSECS]
      set-controller BRIDGE TARGET...  set the controllers for BRIDGE
      get-fail-mode BRIDGE        print the fail-mode for BRIDGE
      del-fail-mode BRIDGE        delete the fail-mode for BRIDGE
      set-fail-mode BRIDGE MODE   set the fail-mode for BRIDGE to MODE
      get-manager                 print the managers
      del-manager                 delete the managers
      [--inactivity-probe=MSECS]
      set-manager TARGET...       set the list of managers to TARGET...

    TLS commands:
      get-ssl                     print the TLS configuration
      del-ssl                     delete the TLS configuration
      set-ssl PRIV-KEY CERT CA-CERT  set the TLS configuration

    Auto Attach commands:
      add-aa-mapping BRIDGE I-SID VLAN   add Auto Attach mapping to BRIDGE
      del-aa-mapping BRIDGE I-SID VLAN   delete Auto Attach mapping VLAN from BRIDGE
      get-aa-mapping BRIDGE              get Auto Attach mappings from BRIDGE

    Connection tracking zone commands:
      add-zone-tp DATAPATH zone=ZONE POLICY...  set the timeouts of ZONE
      del-zone-tp DATAPATH zone=ZONE     delete the timeouts of ZONE
      list-zone-tp DATAPATH              print the timeouts of all zones
      set-zone-limit DATAPATH ZONE|default LIMIT  limit connections in ZONE
      del-zone-limit DATAPATH ZONE|default  delete the limit of ZONE
      list-zone-limits DATAPATH          print the limits of all zones
      list-dp-cap DATAPATH               print the capabilities of DATAPATH

    """

  private static let databaseHelp = """
    Database commands:
      list TBL [REC]              list RECord (or all records) in TBL
      find TBL CONDITION...       list records satisfying CONDITION in TBL
      get TBL REC COL[:KEY]       print values of COLumns in RECord in TBL
      set TBL REC COL[:KEY]=VALUE set COLumn values in RECord in TBL
      add TBL REC COL [KEY=]VALUE add (KEY=)VALUE to COLumn in RECord in TBL
      remove TBL REC COL [KEY=]VALUE  remove (KEY=)VALUE from COLumn
      clear TBL REC COL           clear values from COLumn in RECord in TBL
      create TBL COL[:KEY]=VALUE  create and initialize new record
      destroy TBL REC             delete RECord from TBL
      wait-until TBL REC [COL[:KEY]=VALUE]  wait until condition is true
      comment [ARG]...            note ARGs in the database's log
    A record is named by its UUID or the first digits of it, by its name (bridges,
    ports, interfaces, mirrors, flow tables), target (managers) or id (collector
    sets), by the name of the bridge (controllers, NetFlow, sFlow, IPFIX,
    AutoAttach) or port (QoS) that it belongs to, or by "." if it is the only one.

    """

  /// The output of `--options`, for the completion of command lines.
  static let optionListing = """
    --db=ARG
    --no-syslog
    --no-wait
    --dry-run
    --oneline
    --timeout=ARG
    -t ARG
    --retry
    --help
    -h
    --commands
    --options
    --leader-only
    --no-leader-only
    --shuffle-remotes
    --no-shuffle-remotes
    --version
    -V
    --verbose=ARG
    -v ARG
    --log-file=ARG
    --syslog-method=ARG
    --syslog-target=ARG
    --format=ARG
    -f ARG
    --data=ARG
    -d ARG
    --no-headings
    --pretty
    --bare
    --max-column-width=ARG
    --private-key=ARG
    -p ARG
    --certificate=ARG
    -c ARG
    --ca-cert=ARG
    -C ARG
    --ssl-protocols=ARG
    --ssl-ciphers=ARG
    --ssl-ciphersuites=ARG
    --bootstrap-ca-cert=ARG
    --peer-ca-cert=ARG

    """
}

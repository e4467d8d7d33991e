import Command
import JSON

/// How records of the Open_vSwitch database may be named, besides by UUID.
func recordNames() -> [Text: [RecordName]] {
  [
    "Bridge": [.column("name")],
    "Port": [.column("name")],
    "Interface": [.column("name")],
    "Mirror": [.column("name")],
    "Flow_Table": [.column("name")],
    "Manager": [.column("target")],
    "Flow_Sample_Collector_Set": [.column("id")],
    "Open_vSwitch": [.only],
    "SSL": [.onlyReferred(table: "Open_vSwitch", column: "ssl")],
    "Controller": [.referred(table: "Bridge", nameColumn: "name", column: "controller")],
    "NetFlow": [.referred(table: "Bridge", nameColumn: "name", column: "netflow")],
    "sFlow": [.referred(table: "Bridge", nameColumn: "name", column: "sflow")],
    "IPFIX": [.referred(table: "Bridge", nameColumn: "name", column: "ipfix")],
    "AutoAttach": [.referred(table: "Bridge", nameColumn: "name", column: "auto_attach")],
    "QoS": [.referred(table: "Port", nameColumn: "name", column: "qos")],
  ]
}

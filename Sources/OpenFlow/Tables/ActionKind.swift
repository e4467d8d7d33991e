extension Action {
  /// Which action or instruction something is: the cases of `Action` without what they hold.
  enum Kind: UInt8, CaseIterable, Sendable {
    case output, outputField, outputTruncated, enqueue, controller, group, bundle
    case setField, move, stackPush, stackPop, deleteField
    case setVLANID, setVLANPriority, stripVLAN, pushVLAN, setEthernetSource, setEthernetDestination
    case setIPv4Source, setIPv4Destination, setIPDSCP, setIPECN, setIPTTL, setTransportSource,
      setTransportDestination
    case decrementTTL, pushMPLS, popMPLS, setMPLSLabel, setMPLSTrafficClass, setMPLSTTL, decrementMPLSTTL
    case decrementNSHTTL, encapsulate, decapsulate
    case setTunnel, setQueue, popQueue, finTimeout
    case resubmit, learn, multipath, conjunction, note, exit, sample
    case connectionTrack, nat, connectionTrackClear, clone, checkPacketLarger, debugRecirculate, debugSlow
    case meter, clearActions, writeActions, writeMetadata, gotoTable
    /// The instruction that holds plain actions; `Action` has none, since a list holds them as they are.
    case applyActions
  }
}

extension Action {
  /// Which action or instruction this is.
  var kind: Kind {
    switch self {
    case .output: .output
    case .outputField: .outputField
    case .outputTruncated: .outputTruncated
    case .enqueue: .enqueue
    case .controller: .controller
    case .group: .group
    case .bundle: .bundle
    case .setField: .setField
    case .move: .move
    case .stackPush: .stackPush
    case .stackPop: .stackPop
    case .deleteField: .deleteField
    case .setVLANID: .setVLANID
    case .setVLANPriority: .setVLANPriority
    case .stripVLAN: .stripVLAN
    case .pushVLAN: .pushVLAN
    case .setEthernetSource: .setEthernetSource
    case .setEthernetDestination: .setEthernetDestination
    case .setIPv4Source: .setIPv4Source
    case .setIPv4Destination: .setIPv4Destination
    case .setIPDSCP: .setIPDSCP
    case .setIPECN: .setIPECN
    case .setIPTTL: .setIPTTL
    case .setTransportSource: .setTransportSource
    case .setTransportDestination: .setTransportDestination
    case .decrementTTL: .decrementTTL
    case .pushMPLS: .pushMPLS
    case .popMPLS: .popMPLS
    case .setMPLSLabel: .setMPLSLabel
    case .setMPLSTrafficClass: .setMPLSTrafficClass
    case .setMPLSTTL: .setMPLSTTL
    case .decrementMPLSTTL: .decrementMPLSTTL
    case .decrementNSHTTL: .decrementNSHTTL
    case .encapsulate: .encapsulate
    case .decapsulate: .decapsulate
    case .setTunnel: .setTunnel
    case .setQueue: .setQueue
    case .popQueue: .popQueue
    case .finTimeout: .finTimeout
    case .resubmit: .resubmit
    case .learn: .learn
    case .multipath: .multipath
    case .conjunction: .conjunction
    case .note: .note
    case .exit: .exit
    case .sample: .sample
    case .connectionTrack: .connectionTrack
    case .nat: .nat
    case .connectionTrackClear: .connectionTrackClear
    case .clone: .clone
    case .checkPacketLarger: .checkPacketLarger
    case .debugRecirculate: .debugRecirculate
    case .debugSlow: .debugSlow
    case .meter: .meter
    case .clearActions: .clearActions
    case .writeActions: .writeActions
    case .writeMetadata: .writeMetadata
    case .gotoTable: .gotoTable
    }
  }

  /// The name of the action in messages.
  public var name: String { ActionTable.row(kind).name }
}

/// A form of an action or instruction on the wire: one layout, whatever its number.
///
/// Some actions have several.
enum ActionForm: UInt8, CaseIterable, Sendable {
  case output, outputField, outputExtendedField, outputTruncated, enqueue, group
  case controller, controllerProperties, bundle, bundleLoad
  case setField, load, loadExtended, move, copyField, copyFieldONF, stackPush, stackPop, deleteField
  case setVLANID, setVLANPriority, stripVLAN, pushVLAN, setEthernetSource, setEthernetDestination
  case setIPv4Source, setIPv4Destination, setIPDSCP, setIPECN, setIPTTL, setTransportSource
  case setTransportDestination, decrementTTL, decrementTTLControllers
  case pushMPLS, popMPLS, setMPLSLabel, setMPLSTrafficClass, setMPLSTTL, decrementMPLSTTL
  case decrementNSHTTL, encapsulate, decapsulate
  case setTunnel, setTunnelWide, setQueue, popQueue, finTimeout
  case resubmit, resubmitTable, resubmitTuple, learn, learnLimited, multipath, conjunction, note, exit
  case sample, samplePort, sampleDirection
  case connectionTrack, nat, connectionTrackClear, clone, checkPacketLarger, debugRecirculate, debugSlow
  case meter, clearActions, writeActions, writeMetadata, writeMetadataAction, gotoTable, applyActions
}

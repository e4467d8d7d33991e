// What: how connections are tracked, as the database has it (tables Datapath, CT_Zone, CT_Timeout_Policy): limits and timeouts by
// zone. Each datapath that is open is told what differs from what it was told last.
//
// How: zones with the same timeouts have one policy, whose number is its name in the datapath; `ct` actions name it.

import Datapath
import JSON
import OVSDB
import Vlog

/// A row of Datapath.
struct DesiredTracking: Equatable {
  /// What is said of a zone.
  struct Zone: Equatable {
    /// How many connections it may have.
    var limit: UInt32?
    /// Timeouts in seconds that differ from the defaults, by the names of the database.
    var timeouts: [String: UInt32] = [:]
  }

  /// How many connections a zone without a limit of its own may have.
  var defaultLimit: UInt32?
  /// What is said of zones.
  var zones: [UInt16: Zone] = [:]

  /// Whether a limit is said, so that commands may set none.
  var hasLimits: Bool { defaultLimit != nil || zones.values.contains { $0.limit != nil } }
}

extension ConfigurationReader {
  /// The rows of Datapath, by the names that the switch's row gives them.
  func datapaths(_ root: ReplicaRow) -> [String: DesiredTracking] {
    var found: [String: DesiredTracking] = [:]
    for (key, row) in rows(root["datapaths"], of: "Datapath") {
      guard let name = key.text?.string else { continue }
      var tracking = DesiredTracking()
      tracking.defaultLimit = row.integer("ct_zone_default_limit").flatMap { UInt32(exactly: $0) }
      for (key, row) in rows(row["ct_zones"], of: "CT_Zone") {
        guard let number = key.integer.flatMap({ UInt16(exactly: $0) }) else { continue }
        tracking.zones[number] = zone(row)
      }
      found[name] = tracking
    }
    return found
  }

  private func zone(_ row: ReplicaRow) -> DesiredTracking.Zone {
    var zone = DesiredTracking.Zone()
    zone.limit = row.integer("limit").flatMap { UInt32(exactly: $0) }
    for uuid in row.references("timeout_policy") {
      guard let timeouts = replica.row(uuid, of: "CT_Timeout_Policy")?["timeouts"] else { continue }
      for (key, value) in zip(timeouts.keys, timeouts.values) {
        if let name = key.text?.string, let seconds = value.integer.flatMap({ UInt32(exactly: $0) }) {
          zone.timeouts[name] = seconds
        }
      }
    }
    return zone
  }

  /// The rows that a map refers to, with their keys.
  private func rows(_ map: Datum?, of table: Text) -> [(key: Atom, row: ReplicaRow)] {
    guard let map else { return [] }
    var found: [(key: Atom, row: ReplicaRow)] = []
    for (key, value) in zip(map.keys, map.values) {
      if let row = value.uuid.flatMap({ replica.row($0, of: table) }) { found.append((key, row)) }
    }
    return found
  }
}

/// What a datapath was told.
struct ToldTracking {
  var defaultLimit: UInt32?
  var limits: [UInt16: UInt32] = [:]
  /// The numbers of the policies that it has, by what they say.
  var policies: [[String: UInt32]: UInt32] = [:]
  /// The numbers of policies by zone.
  var zones: [UInt16: UInt32] = [:]
}

extension Reconciler {
  /// Tells each datapath that is open what it does not know yet.
  func configureTracking() {
    guard let wanted else { return }
    var hasChanged = false
    for type in datapaths.keys.sorted() {
      guard let link = datapaths[type], link.state == .open else { continue }
      let desired = wanted.datapaths[type] ?? DesiredTracking()
      guard link.desiredTracking != desired else { continue }
      setLimits(desired, link)
      setPolicies(desired, link)
      link.desiredTracking = desired
      hasChanged = true
    }
    if hasChanged { attachments.changes.append(.timeoutPolicies(timeoutsByZone)) }
  }

  /// A datapath has been opened: it knows nothing, though its limits may be those of a daemon before.
  func forgetTracking(_ link: DatapathLink) {
    link.desiredTracking = nil
    link.toldTracking = ToldTracking()
  }

  /// The names of the policies by zone, in all datapaths.
  private var timeoutsByZone: [UInt16: [UInt8]] {
    var names: [UInt16: [UInt8]] = [:]
    for type in datapaths.keys.sorted() {
      for (zone, number) in datapaths[type]?.toldTracking.zones ?? [:] {
        names[zone] = Array("\(number)".utf8)
      }
    }
    return names
  }

  private func setLimits(_ desired: DesiredTracking, _ link: DatapathLink) {
    var wanted: [UInt16: UInt32] = [:]
    for (zone, said) in desired.zones { if let limit = said.limit { wanted[zone] = limit } }
    var set: [ConnectionLimit] = []
    var taken: [ConnectionLimit] = []
    if desired.defaultLimit != link.toldTracking.defaultLimit {
      if let limit = desired.defaultLimit {
        set.append(ConnectionLimit(zone: nil, limit: limit))
      } else {
        taken.append(ConnectionLimit(zone: nil))
      }
    }
    for zone in wanted.keys.sorted() where wanted[zone] != link.toldTracking.limits[zone] {
      set.append(ConnectionLimit(zone: zone, limit: wanted[zone] ?? 0))
    }
    for zone in link.toldTracking.limits.keys.sorted() where wanted[zone] == nil {
      taken.append(ConnectionLimit(zone: zone))
    }
    link.toldTracking.defaultLimit = desired.defaultLimit
    link.toldTracking.limits = wanted
    if !taken.isEmpty { tell(.limit(.delete, ConnectionLimitMessage(taken)), link, "delete zone limits") }
    if !set.isEmpty { tell(.limit(.set, ConnectionLimitMessage(set)), link, "set zone limits") }
  }

  private func setPolicies(_ desired: DesiredTracking, _ link: DatapathLink) {
    var zones: [UInt16: UInt32] = [:]
    var used: [[String: UInt32]: UInt32] = [:]
    for zone in desired.zones.keys.sorted() {
      guard let timeouts = desired.zones[zone]?.timeouts, !timeouts.isEmpty else { continue }
      let number =
        used[timeouts] ?? link.toldTracking.policies[timeouts]
        ?? makePolicy(timeouts, link, taken: Set(used.values))
      used[timeouts] = number
      zones[zone] = number
    }
    for number in link.toldTracking.policies.values.sorted() where !used.values.contains(number) {
      let message = TimeoutPolicyMessage(name: Array("\(number)".utf8))
      tell(.policy(.delete, message), link, "delete timeout policy \(number)")
    }
    link.toldTracking.policies = used
    link.toldTracking.zones = zones
  }

  /// Makes a policy, and gives its number.
  private func makePolicy(_ timeouts: [String: UInt32], _ link: DatapathLink, taken: Set<UInt32>) -> UInt32 {
    let known = taken.union(link.toldTracking.policies.values)
    var number: UInt32 = 1
    while known.contains(number) { number += 1 }
    var said: [(timeout: TrackTimeout, seconds: UInt32)] = []
    for timeout in TrackTimeout.allCases {
      if let seconds = timeouts["\(timeout.name)"] { said.append((timeout, seconds)) }
    }
    for message in TimeoutPolicyMessage.messages(name: Array("\(number)".utf8), said) {
      tell(.policy(.new, message), link, "set timeout policy \(number)")
    }
    return number
  }

  private func tell(_ message: TrackingMessage, _ link: DatapathLink, _ what: String) {
    context.channel.request(
      .tracking(message), datapath: link.index,
      .configuration(.tracking(datapathType: link.type, what: what)))
  }

  /// Takes what a datapath says to that.
  func trackingAnswered(_ what: String, _ answer: DatapathAnswer) {
    guard case .failed(let code) = answer else { return }
    context.turn.log("ofproto_dpif", .error, "failed to \(what) (\(DatapathErrorCode.text(code)))")
  }
}

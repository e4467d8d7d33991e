import Command
import JSON
import OVSDB

/// Commands for connection tracking zones and the capabilities of datapaths.
func zoneCommands() -> [SwitchCommand] {
  [
    SwitchCommand(
      "add-zone-tp", 2...18, options: ["--may-exist"], prepare: prepareZones,
      run: { context throws(ControlError) in try context.addTimeoutPolicy() }),
    SwitchCommand(
      "del-zone-tp", 2...2, options: ["--if-exists"], prepare: prepareZones,
      run: { context throws(ControlError) in try context.deleteTimeoutPolicy() }),
    SwitchCommand(
      "list-zone-tp", 1...1, prepare: prepareZones,
      run: { context throws(ControlError) in try context.listTimeoutPolicies() }),
    SwitchCommand(
      "set-zone-limit", 3...3, prepare: prepareZones,
      run: { context throws(ControlError) in try context.setZoneLimit() }),
    SwitchCommand(
      "del-zone-limit", 2...2, options: ["--if-exists"], prepare: prepareZones,
      run: { context throws(ControlError) in try context.deleteZoneLimit() }),
    SwitchCommand(
      "list-zone-limits", 1...1, prepare: prepareZones,
      run: { context throws(ControlError) in try context.listZoneLimits() }),
    SwitchCommand(
      "list-dp-cap", 1...1, prepare: prepareZones,
      run: { context throws(ControlError) in try context.listCapabilities() }),
  ]
}

private func prepareZones(_ preparation: inout ControlPreparation) throws(ControlError) {
  preparation.selection.add("Open_vSwitch", "datapaths")
  for column in ["ct_zones", "ct_zone_default_limit", "capabilities"] as [Text] {
    preparation.selection.add("Datapath", column)
  }
  for column in ["timeout_policy", "limit"] as [Text] { preparation.selection.add("CT_Zone", column) }
  preparation.selection.add("CT_Timeout_Policy", "timeouts")
}

extension TopologyContext {
  private var datapath: RowHandle? {
    edit[root, "datapaths"][.string(Text(arguments[0]))]?.uuid.map { RowHandle("Datapath", $0) }
  }

  private func existingDatapath() throws(ControlError) -> RowHandle {
    guard let datapath else { throw ControlError("datapath \(arguments[0]) does not exist") }
    return datapath
  }

  /// The number of `zone=NUMBER`.
  private func zoneNumber() -> Int64 {
    let bytes = Array(arguments[1].utf8)
    let start = bytes.firstIndex(of: UInt8(ascii: "=")).map { $0 + 1 } ?? 0
    return leadingInteger(String(decoding: bytes[start...], as: UTF8.self))
  }

  private func zone(_ number: Int64, of datapath: RowHandle) -> RowHandle? {
    edit[datapath, "ct_zones"][.integer(number)]?.uuid.map { RowHandle("CT_Zone", $0) }
  }

  private func zones(of datapath: RowHandle) -> [(number: Int64, row: RowHandle)] {
    let zones = edit[datapath, "ct_zones"]
    var found: [(number: Int64, row: RowHandle)] = []
    for (key, value) in zip(zones.keys, zones.values) {
      if let number = key.integer, let uuid = value.uuid {
        found.append((number, RowHandle("CT_Zone", uuid)))
      }
    }
    return found
  }

  /// The zone of a datapath, made if there is none.
  private func zoneOrNew(_ number: Int64, of datapath: RowHandle) -> RowHandle {
    if let zone = zone(number, of: datapath) { return zone }
    let zone = insert("CT_Zone", [])
    edit.insert(Datum(map: [(.integer(number), .uuid(zone.uuid))]), into: "ct_zones", of: datapath)
    return zone
  }

  private func removeZone(_ number: Int64, of datapath: RowHandle) {
    edit.remove(keys: Datum(.integer(number)), from: "ct_zones", of: datapath)
  }

  // MARK: timeout policies

  fileprivate func addTimeoutPolicy() throws(ControlError) {
    if arguments.count < 3 { throw ControlError("'add-zone-tp' command requires at least 3 arguments") }
    let datapath = try existingDatapath()
    let number = zoneNumber()
    if let zone = zone(number, of: datapath), !edit[zone, "timeout_policy"].isEmpty {
      if has("--may-exist") { return }
      throw ControlError("zone id \(number) already exists")
    }
    let timeouts = try parseTimeouts()
    edit.set(zoneOrNew(number, of: datapath), "timeout_policy", Datum(policy(timeouts)))
  }

  private func parseTimeouts() throws(ControlError) -> Datum {
    var pairs: [(Atom, Atom)] = []
    for argument in arguments.dropFirst(2) {
      let bytes = Array(argument.utf8)
      guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else {
        throw ControlError("Timeout policy: invalid argument \"\(argument)\"")
      }
      let seconds = leadingInteger(String(decoding: bytes[(equals + 1)...], as: UTF8.self))
      pairs.append((.string(Text(String(decoding: bytes[..<equals], as: UTF8.self))), .integer(seconds)))
    }
    return Datum(map: pairs)
  }

  /// A policy with these timeouts, one that exists if there is such.
  private func policy(_ timeouts: Datum) -> RowHandle {
    edit.rows("CT_Timeout_Policy").first { edit[$0, "timeouts"] == timeouts }
      ?? insert("CT_Timeout_Policy", [("timeouts", timeouts)])
  }

  fileprivate func deleteTimeoutPolicy() throws(ControlError) {
    let datapath = try existingDatapath()
    let number = zoneNumber()
    guard let zone = zone(number, of: datapath), !edit[zone, "timeout_policy"].isEmpty else {
      if has("--if-exists") { return }
      throw ControlError("zone id \(number) does not exist")
    }
    if edit[zone, "limit"].isEmpty {
      removeZone(number, of: datapath)
    } else {
      edit.set(zone, "timeout_policy", .empty)
    }
  }

  fileprivate func listTimeoutPolicies() throws(ControlError) {
    guard let datapath else { throw ControlError("datapath: \(arguments[0]) record not found") }
    for (number, zone) in zones(of: datapath) {
      var line = "Zone:\(number), Timeout Policies:"
      if let uuid = edit[zone, "timeout_policy"].references.first {
        let timeouts = edit[RowHandle("CT_Timeout_Policy", uuid), "timeouts"]
        for (key, value) in zip(timeouts.keys, timeouts.values) {
          line += " \(key.bareText)=\(value.bareText)"
        }
      } else {
        line += " system default"
      }
      printLine(line)
    }
  }

  // MARK: limits

  private var isDefaultZone: Bool { Text(arguments[1]) == "default" }

  fileprivate func setZoneLimit() throws(ControlError) {
    let datapath = try existingDatapath()
    guard let limit = Int64(arguments[2]), (0...Int64(UInt32.max)).contains(limit) else {
      throw ControlError("limit \"\(arguments[2])\" is not a valid number of connections")
    }
    if isDefaultZone {
      edit.set(datapath, "ct_zone_default_limit", Datum(.integer(limit)))
    } else {
      edit.set(zoneOrNew(zoneNumber(), of: datapath), "limit", Datum(.integer(limit)))
    }
  }

  fileprivate func deleteZoneLimit() throws(ControlError) {
    let datapath = try existingDatapath()
    if isDefaultZone {
      if edit[datapath, "ct_zone_default_limit"].isEmpty, !has("--if-exists") {
        throw ControlError("datapath \(arguments[0]) does not have a limit")
      }
      edit.set(datapath, "ct_zone_default_limit", .empty)
      return
    }
    let number = zoneNumber()
    guard let zone = zone(number, of: datapath), !edit[zone, "limit"].isEmpty else {
      if has("--if-exists") { return }
      throw ControlError("zone_id \(number) does not have a limit")
    }
    if edit[zone, "timeout_policy"].isEmpty {
      removeZone(number, of: datapath)
    } else {
      edit.set(zone, "limit", .empty)
    }
  }

  fileprivate func listZoneLimits() throws(ControlError) {
    let datapath = try existingDatapath()
    if let limit = edit[datapath, "ct_zone_default_limit"].integer {
      printLine("Default, Limit: \(limit)")
    }
    for (number, zone) in zones(of: datapath) {
      if let limit = edit[zone, "limit"].integer { printLine("Zone: \(number), Limit: \(limit)") }
    }
  }

  fileprivate func listCapabilities() throws(ControlError) {
    guard let datapath else { throw ControlError("datapath \"\(arguments[0])\" record not found") }
    for (key, value) in edit[datapath, "capabilities"].textPairs { printLine("\(key)=\(value)") }
  }
}

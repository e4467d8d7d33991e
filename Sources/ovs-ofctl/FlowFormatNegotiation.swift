import OpenFlow

extension SwitchConnection {
  /// The form in which flows are sent at first.
  private var initialFormat: FlowFormats {
    version == .v10 ? .openFlow10 : FlowFormats(versions: OpenFlowVersions(version))
  }

  /// Brings the switch to take flow changes in one of some forms.
  func chooseFormat(for usable: FlowFormats, _ settings: Settings) -> FlowFormats {
    let allowed = usable.intersection(settings.formats)
    let initial = initialFormat
    if allowed.contains(initial) { return initial }
    for format in allowed.each where change(from: initial, to: format) { return format }
    settings.fail("switch does not support any of the usable flow formats (\(usable.text))")
  }

  /// Brings the switch to answer with flows in the best of some forms: one that can express everything.
  func chooseDumpFormat(for usable: FlowFormats, _ settings: Settings) -> FlowFormats {
    let allowed = usable.intersection(settings.formats)
    let initial = initialFormat
    let preferred: [FlowFormats] = [
      .openFlow15, .openFlow14, .openFlow13, .openFlow12, .openFlow11, .nxm, .nxmWithTable, .openFlow10,
      .openFlow10WithTable,
    ]
    for format in preferred where allowed.contains(format) && change(from: initial, to: format) {
      return format
    }
    settings.fail("switch does not support any of the usable flow formats (\(usable.text))")
  }

  /// Changes the form of flows; false if the switch cannot, or if the form belongs to another version.
  private func change(from present: FlowFormats, to wanted: FlowFormats) -> Bool {
    if present == wanted { return true }
    guard version == .v10, wanted.form.version == .v10 else { return false }
    if wanted.form.usesNiciraFlows {
      send(.setFlowFormat(nicira: true))
      guard finish().isEmpty else { return false }
    }
    if wanted.form.hasTableID {
      send(.flowModTableID(true))
      guard finish().isEmpty else { return false }
    }
    return true
  }
}

extension Settings {
  /// Ends the program unless some form that can express what is asked for is allowed.
  func requireFormat(_ usable: FlowFormats) {
    guard usable.isDisjoint(with: formats) else { return }
    fail(
      "none of the usable flow formats (\(usable.text)) is among the allowed flow formats (\(formats.text))"
    )
  }
}

extension FlowFormats {
  /// How messages in this one form are written.
  var form: WireProtocol { wireProtocol ?? WireProtocol(.v10) }
}

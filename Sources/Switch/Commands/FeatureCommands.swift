import Vlog
import Datapath

/// `dpif/…-dp-features`: what the datapath of a bridge can do.
enum FeatureCommands {
  static let all: [SwitchCommand] = [
    SwitchCommand("dpif/show-dp-features", "bridge", 1, 1, show),
    SwitchCommand("dpif/set-dp-features", "bridge", 1, 3, set),
  ]

  @Sendable private static func show(_ call: CommandCall) {
    guard call.bridge(0) != nil else { return }
    var text = ""
    for feature in DatapathFeature.all {
      let value =
        switch feature.value {
        case .flag(let isThere): isThere ? "Yes" : "No"
        case .number(let number): "\(number)"
        }
      text += "\(feature.title): \(value)\n"
    }
    call.reply(text)
  }

  @Sendable private static func set(_ call: CommandCall) {
    guard let bridge = call.bridge(0) else { return }
    let link = bridge.datapath
    guard let name = call.argument(1) else {
      return call.reply(DatapathFeature.all.map { line($0, link) }.joined())
    }
    guard let feature = DatapathFeature.named(name) else { return call.reply("Unexpected support field") }
    guard let value = call.argument(2) else { return call.reply(line(feature, link)) }
    if let fault = link.features.set(feature, value) { return call.reply(fault) }
    link.changes.note()
    if link.features[feature] != feature.value {
      call.host.context.turn.log(
        "ofproto_dpif", .warning,
        "\(link.fullName): \(name) is \(value) from now on, which the database is told; translations use what the"
          + " datapath has all the same")
    }
    call.reply()
  }

  private static func line(_ feature: DatapathFeature, _ link: DatapathLink) -> String {
    "\(feature.name) (\(feature.title)) : [run time]:\(link.features[feature].text),"
      + " [boot time]:\(feature.value.text)\n"
  }
}

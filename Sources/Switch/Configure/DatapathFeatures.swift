// What a datapath can do, by the names of Open vSwitch: what `dpif/show-dp-features` prints and `Datapath.capabilities` says.

/// A feature of datapaths.
struct DatapathFeature {
  /// How much there is of it.
  enum Value: Equatable {
    case flag(Bool)
    case number(Int)
  }

  /// Its name in `dpif/set-dp-features` and in the database.
  let name: String
  /// Its name in words.
  let title: String
  /// What the datapath has.
  let value: Value

  private init(_ name: String, _ title: String, _ value: Value) {
    self.name = name
    self.title = title
    self.value = value
  }

  /// All of them, in the order in which Open vSwitch shows them.
  static let all: [DatapathFeature] = [
    DatapathFeature("masked_set_action", "Masked set action", .flag(true)),
    DatapathFeature("tnl_push_pop", "Tunnel push pop", .flag(true)),
    DatapathFeature("ufid", "Ufid", .flag(true)),
    DatapathFeature("trunc", "Truncate action", .flag(true)),
    DatapathFeature("clone", "Clone action", .flag(true)),
    DatapathFeature("sample_nesting", "Sample nesting", .number(10)),
    DatapathFeature("ct_eventmask", "Conntrack eventmask", .flag(true)),
    DatapathFeature("ct_clear", "Conntrack clear", .flag(true)),
    DatapathFeature("max_hash_alg", "Max dp_hash algorithm", .number(1)),
    DatapathFeature("check_pkt_len", "Check pkt length action", .flag(true)),
    DatapathFeature("ct_timeout", "Conntrack timeout policy", .flag(true)),
    DatapathFeature("explicit_drop_action", "Explicit Drop action", .flag(true)),
    DatapathFeature("lb_output_action", "Optimized Balance TCP mode", .flag(false)),
    DatapathFeature("ct_zero_snat", "Conntrack all-zero IP SNAT", .flag(true)),
    DatapathFeature("add_mpls", "MPLS Label add", .flag(false)),
    DatapathFeature("max_vlan_headers", "Max VLAN headers", .number(1)),
    DatapathFeature("max_mpls_depth", "Max MPLS depth", .number(3)),
    DatapathFeature("recirc", "Recirc", .flag(true)),
    DatapathFeature("ct_state", "CT state", .flag(true)),
    DatapathFeature("ct_zone", "CT zone", .flag(true)),
    DatapathFeature("ct_mark", "CT mark", .flag(true)),
    DatapathFeature("ct_label", "CT label", .flag(true)),
    DatapathFeature("ct_state_nat", "CT state NAT", .flag(true)),
    DatapathFeature("ct_orig_tuple", "CT orig tuple", .flag(true)),
    DatapathFeature("ct_orig_tuple6", "CT orig tuple for IPv6", .flag(true)),
    DatapathFeature("nd_ext", "IPv6 ND Extension", .flag(true)),
  ]

  static func named(_ name: String) -> DatapathFeature? {
    all.first { $0.name.utf8.elementsEqual(name.utf8) }
  }

  /// `Datapath.capabilities`, for what is in use.
  static func capabilities(_ features: DatapathFeatures) -> [(name: String, value: String)] {
    all.map { feature in
      // Open vSwitch says only whether samples may nest.
      let value = features[feature]
      let says = feature.name.utf8.elementsEqual("sample_nesting".utf8) && value != .number(0)
      return (feature.name, says ? "true" : value.text)
    } + [("ct_flush", "true")]
  }
}

extension DatapathFeature.Value {
  /// As text.
  var text: String {
    switch self {
    case .flag(let isThere): isThere ? "true" : "false"
    case .number(let number): "\(number)"
    }
  }
}

/// The features of a datapath that are in use: all that it has, less what somebody has switched off.
struct DatapathFeatures {
  private var changed: [String: DatapathFeature.Value] = [:]

  init() {}

  /// How much of a feature is in use.
  subscript(feature: DatapathFeature) -> DatapathFeature.Value { changed[feature.name] ?? feature.value }

  /// Uses so much of a feature; answers what is wrong with that, if something is.
  mutating func set(_ feature: DatapathFeature, _ text: String) -> String? {
    switch feature.value {
    case .flag(let isThere):
      let letters = text.utf8.map { $0 | 0x20 }
      if letters.elementsEqual("true".utf8) {
        guard isThere else { return "Can not enable features not supported by the datapth" }
        changed[feature.name] = .flag(true)
      } else if letters.elementsEqual("false".utf8) {
        changed[feature.name] = .flag(false)
      } else {
        return "Boolean value expected"
      }
    case .number(let most):
      guard let number = Int(text) else { return "Integer number expected" }
      guard number >= 0 else { return "Negative number not expected" }
      guard number <= most else { return "Can not set value beyond the datapath capability" }
      changed[feature.name] = .number(number)
    }
    return nil
  }
}

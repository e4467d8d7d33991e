// What: which parts of a list of all ports and adapters may be believed, while requests pass that change them.
//
// Why: the list says what was true at some moment while the switch answered. A request that passes in the meantime may be
// earlier or later than that. Entered as it stands, an adapter that has just gone would be a destination for ever, and one
// that has just been connected would never be.
//
// How: what a request touches, from its beginning to its end, is noted from the moment the list is asked for. What is not
// touched is as the list says. The rest is asked for again; and if that never ends, the last list is merged with what the
// requests have said, which is exact but for names that were changed meanwhile.

/// What a request says of a port or an adapter.
public enum RequestFate: UInt8, Sendable {
  /// Nothing about whether it is there.
  case unsaid
  /// It is there; if it is an adapter, not as a destination.
  case present
  /// It is an adapter that is a destination.
  case connected
  /// It is gone, or goes.
  case gone
}

/// What is to be made of an entry of a list.
public enum ListBelief: UInt8, Sendable {
  /// The list has to be asked for again.
  case unsure
  /// There is nothing to enter: it is not there any more, or what is known of it is newer.
  case gone
  /// It is there; if it is an adapter, not as a destination.
  case present
  /// It is an adapter that is a destination.
  case connected
}

/// What requests have touched while one switch answers.
struct Learning: Sendable {
  /// The most ports and adapters that are noted; after that, no list is believed but the last.
  static var maximumTouchedCount: Int { 1_024 }

  /// A port, or an adapter at it.
  private struct Place: Hashable {
    var port: UInt32
    var index: UInt16?
  }

  private var underWay: [Place: (count: Int, fate: RequestFate)] = [:]
  private var touched: [Place: RequestFate] = [:]
  private var isOverrun = false
  private(set) var isLearning = false
  /// How many entries were merged with what requests had said.
  private(set) var mergedCount: UInt64 = 0

  /// A list will be asked for.
  mutating func begin() {
    isLearning = true
    isOverrun = underWay.count > Learning.maximumTouchedCount
    touched = isOverrun ? [:] : underWay.mapValues { $0.fate }
  }

  /// No list will be looked at any more.
  mutating func end() {
    isLearning = false
    touched = [:]
  }

  /// A request begins, or ends; `index` is `nil` if it is of the port itself.
  mutating func note(_ port: SwitchPortID, _ index: SwitchNICIndex?, _ fate: RequestFate, isOver: Bool) {
    let place = Place(port: port.rawValue, index: index?.rawValue)
    if isOver {
      if let known = underWay[place] {
        underWay[place] = known.count > 1 ? (known.count - 1, fate) : nil
      }
    } else {
      underWay[place] = ((underWay[place]?.count ?? 0) + 1, fate)
    }
    guard isLearning else { return }
    if fate == .unsaid, touched[place] != nil { return }
    if touched[place] == nil, touched.count >= Learning.maximumTouchedCount {
      isOverrun = true
    } else {
      touched[place] = fate
    }
  }

  /// What is to be made of an entry; `isLast` if the list will not be asked for again.
  ///
  /// An adapter that is known already has been kept up to date by requests.
  mutating func believe(
    _ port: SwitchPortID, _ index: SwitchNICIndex?, isConnected: Bool, isKnown: Bool = false, isLast: Bool
  ) -> ListBelief {
    let listed: ListBelief = isConnected ? .connected : .present
    let ofPort = touched[Place(port: port.rawValue, index: nil)]
    let fate = index.map { touched[Place(port: port.rawValue, index: $0.rawValue)] } ?? ofPort
    if !isOverrun, fate == nil, ofPort == nil { return listed }
    guard isLast else { return .unsure }
    mergedCount &+= 1
    if ofPort == .gone || (isKnown && index != nil) { return .gone }
    switch fate {
    case .unsaid, nil: return listed
    case .present: return .present
    case .connected: return .connected
    case .gone: return .gone
    }
  }
}

// The actions `ct` and `ct_clear`: how they lie in a program, and what they do with a packet and its key.

extension ProgramCompiler {
  /// Words of a tracking instruction behind its head.
  static var trackWordCount: Int { 10 }

  /// The words of a tracking action.
  static func words(_ track: ConnectionTrackAction) throws(ActionError) -> (flags: UInt64, data: [UInt64]) {
    var options: TrackOptions = []
    if track.commits || track.forces { options.insert(.commits) }
    if track.forces { options.insert(.forces) }
    var data = [UInt64](repeating: 0, count: trackWordCount)
    if let timeout = track.timeout { data[0] = UInt64(try policy(timeout)) }
    if let mark = track.mark {
      data[0] |= UInt64(mark.value & mark.mask) << 32
      data[1] |= UInt64(mark.mask)
    }
    if let label = track.label {
      let value = label.value & label.mask
      data[2] = UInt64(truncatingIfNeeded: value >> 64)
      data[3] = UInt64(truncatingIfNeeded: value)
      data[4] = UInt64(truncatingIfNeeded: label.mask >> 64)
      data[5] = UInt64(truncatingIfNeeded: label.mask)
    }
    if let name = track.helper {
      guard let helper = TrackHelper(name: name) else { throw .unsupported }
      options.helper = helper
    }
    if let translation = track.translation {
      options.insert(.translates)
      try append(translation, to: &data, &options)
    }
    return (UInt64(options.rawValue), data)
  }

  /// The number of a timeout policy, which is its name in the datapath.
  private static func policy(_ name: [UInt8]) throws(ActionError) -> UInt32 {
    var id: UInt64 = 0
    guard !name.isEmpty, name.count <= 10 else { throw .invalid }
    for byte in name {
      guard byte >= 0x30, byte <= 0x39 else { throw .invalid }
      id = id * 10 + UInt64(byte - 0x30)
    }
    guard id <= UInt64(UInt32.max) else { throw .invalid }
    return UInt32(id)
  }

  private static func append(
    _ translation: ConnectionTrackAction.Translation, to data: inout [UInt64], _ options: inout TrackOptions
  ) throws(ActionError) {
    switch translation.direction {
    case .source: options.insert(.source)
    case .destination: options.insert(.destination)
    case nil: return
    }
    if translation.isPersistent { options.insert(.isPersistent) }
    if translation.randomizesPorts { options.insert(.isRandom) }
    let lowest = try address(translation.lowestAddress)
    let highest =
      translation.highestAddress.isEmpty ? lowest : try address(translation.highestAddress)
    guard highest >= lowest else { throw .invalid }
    data[6] = UInt64(truncatingIfNeeded: lowest >> 64)
    data[7] = UInt64(truncatingIfNeeded: lowest)
    data[8] = UInt64(truncatingIfNeeded: highest >> 64)
    data[9] = UInt64(truncatingIfNeeded: highest)
    guard translation.lowestPort != 0 || translation.highestPort != 0 else { return }
    let last = translation.highestPort == 0 ? translation.lowestPort : translation.highestPort
    guard last >= translation.lowestPort else { throw .invalid }
    options.insert(.hasPorts)
    data[1] |= UInt64(translation.lowestPort) << 48 | UInt64(last) << 32
  }

  private static func address(_ bytes: [UInt8]) throws(ActionError) -> UInt128 {
    guard bytes.isEmpty || bytes.count == 4 || bytes.count == 16 else { throw .invalid }
    return bytes.reduce(0) { $0 << 8 | UInt128($1) }
  }
}

/// What a tracking instruction's head says.
struct TrackOptions: OptionSet {
  var rawValue: UInt32

  static var commits: TrackOptions { TrackOptions(rawValue: 1 << 0) }
  static var forces: TrackOptions { TrackOptions(rawValue: 1 << 1) }
  static var translates: TrackOptions { TrackOptions(rawValue: 1 << 2) }
  static var source: TrackOptions { TrackOptions(rawValue: 1 << 3) }
  static var destination: TrackOptions { TrackOptions(rawValue: 1 << 4) }
  static var hasPorts: TrackOptions { TrackOptions(rawValue: 1 << 5) }
  static var isPersistent: TrackOptions { TrackOptions(rawValue: 1 << 6) }
  static var isRandom: TrackOptions { TrackOptions(rawValue: 1 << 7) }

  /// The helper, in two bits above the others.
  var helper: TrackHelper {
    get { TrackHelper(rawValue: UInt8(truncatingIfNeeded: rawValue >> 8 & 3)) ?? .none }
    set { rawValue = rawValue & ~0x300 | UInt32(newValue.rawValue) << 8 }
  }
}

extension TrackPass {
  /// Takes over what the instruction with its data at a place asks, and forgets all else.
  @inline(__always)
  mutating func begin(head: UInt64, _ words: borrowing Slab<UInt64>, _ place: Int) {
    let options = TrackOptions(rawValue: Operand.trackOptions.value(in: head))
    zone = UInt16(truncatingIfNeeded: Operand.trackZone.value(in: head))
    commits = options.contains(.commits)
    forces = options.contains(.forces)
    translates = options.contains(.translates)
    helper = options.helper
    policy = UInt32(truncatingIfNeeded: words[place])
    markValue = UInt32(truncatingIfNeeded: words[place] >> 32)
    markMask = UInt32(truncatingIfNeeded: words[place &+ 1])
    labelValue = (words[place &+ 2], words[place &+ 3])
    labelMask = (words[place &+ 4], words[place &+ 5])
    mark = 0
    label = (0, 0)
    hasOriginal = false
    rewrite = .none
    sequenceSkew = 0
    acknowledgmentSkew = 0
    connection = -1
    isReply = false
    interested = .none
    event = nil
    guard translates else { return }
    range.end = options.contains(.source) ? .source : options.contains(.destination) ? .destination : .none
    range.hasPorts = options.contains(.hasPorts)
    range.isPersistent = options.contains(.isPersistent)
    range.isRandom = options.contains(.isRandom)
    range.lowestPort = UInt16(truncatingIfNeeded: words[place &+ 1] >> 48)
    range.highestPort = UInt16(truncatingIfNeeded: words[place &+ 1] >> 32)
    range.lowest = (words[place &+ 6], words[place &+ 7])
    range.highest = (words[place &+ 8], words[place &+ 9])
  }
}

extension Engine {
  /// Takes a packet through the tracker, and what it carries past its connection's helper; `false` if no buffer was free to
  /// rewrite it.
  ///
  /// What the action asks and the tracker says lies in the engine, and the helper is called when the tracker's part of the stack
  /// is free again, since packets have little stack in a kernel.
  @inline(never)
  mutating func track(_ head: UInt64, _ data: Int, _ state: inout PacketState) -> Bool {
    var tuple = ConnectionTuple()
    guard follow(head, data, &state, &tuple) else { return false }
    return trackPass[0].interested == .none || help(tuple, &state)
  }

  /// Takes a packet through the tracker, and says what its tuple was when it came.
  @inline(never)
  private mutating func follow(
    _ head: UInt64, _ data: Int, _ state: inout PacketState, _ tuple: inout ConnectionTuple
  ) -> Bool {
    let row = state.key
    trackPass[0].begin(head: head, programs.words, data)
    trackPass[0].state = UInt32(truncatingIfNeeded: bank.base[row][.ctState])
    trackPass[0].previousZone = UInt16(truncatingIfNeeded: bank.base[row][.ctZone])
    var packet = TrackedPacket()
    var event: TrackEvent?
    if trackable(state, &packet, &event) {
      trackerReference.value.track(&packet, &trackPass[0], now: now)
      event = trackPass[0].event
    } else {
      trackPass[0].state = TrackState.isInvalid | TrackState.isTracked
    }
    tuple = packet.tuple
    if let event { trackCounts[event.rawValue] &+= 1 }
    describeTrack(row)
    if trackPass[0].rewrite != .none && !translate(&state, isError: packet.isError) { return false }
    return (trackPass[0].sequenceSkew == 0 && trackPass[0].acknowledgmentSkew == 0) || skew(&state)
  }

  /// Writes what the tracker has said into a packet's key.
  @inline(__always)
  private mutating func describeTrack(_ row: KeyRow) {
    let hasOriginal = trackPass[0].hasOriginal
    let original = trackPass[0].original
    bank.base[row][wordOf: .ctState] =
      KeyPlace.ctState.bits(UInt64(trackPass[0].state)) | KeyPlace.ctMark.bits(UInt64(trackPass[0].mark))
    bank.base[row][.ctZone] = UInt64(trackPass[0].zone)
    bank.base[row][.ctProtocol] = hasOriginal ? UInt64(original.protocolNumber) : 0
    guard hasOriginal || bank.has(.connection, at: row) else { return }
    bank.open(row, .connection)
    for word in KeySegment.connection.words { bank[row, word] = 0 }
    bank[row, KeyPlace.ctLabel.word] = trackPass[0].label.high
    bank[row, KeyPlace.ctLabel.word &+ 1] = trackPass[0].label.low
    guard hasOriginal else { return }
    let isMessage = original.isMessage
    let first = isMessage ? original.destinationPort >> 8 : original.sourcePort
    let second = isMessage ? original.destinationPort & 0xff : original.destinationPort
    bank[row, wordOf: .ctTransportSource] =
      KeyPlace.ctTransportSource.bits(UInt64(first)) | KeyPlace.ctTransportDestination.bits(UInt64(second))
    if original.isIPv6 {
      bank[row, KeyPlace.ctIPv6Source.word] = original.sourceHigh
      bank[row, KeyPlace.ctIPv6Source.word &+ 1] = original.sourceLow
      bank[row, KeyPlace.ctIPv6Destination.word] = original.destinationHigh
      bank[row, KeyPlace.ctIPv6Destination.word &+ 1] = original.destinationLow
    } else {
      bank[row, wordOf: .ctSource] = original.addresses
    }
  }

  /// Forgets what the tracker has said of a packet.
  mutating func clearTrack(_ state: PacketState) {
    let row = state.key
    bank.base[row][wordOf: .ctState] = 0
    bank.base[row][.ctZone] = 0
    bank.base[row][.ctProtocol] = 0
    guard bank.has(.connection, at: row) else { return }
    for word in KeySegment.connection.words { bank[row, word] = 0 }
  }

  /// How often something has happened in the tracker.
  func trackCount(_ event: TrackEvent) -> UInt64 { trackCounts[event.rawValue] }
}

// Actions from text.

extension DatapathText {
  /// The actions that a text says, such as `push_vlan(vid=5,pcp=0),2`; `drop` and nothing mean none.
  ///
  /// - Parameter portNumber: The number of a port that is given by name.
  /// - Throws: ``DatapathTextError``.
  public static func readActions(
    _ text: String, portNumber: (String) -> DatapathPortNumber? = { _ in nil }
  ) throws(DatapathTextError) -> [DatapathAction] {
    var scanner = TextScanner(text)
    let actions = try ActionTextReader.read(&scanner, depth: 0, portNumber)
    guard scanner.isAtEnd else { throw scanner.unexpected }
    return actions
  }
}

enum ActionTextReader {
  /// Reads actions up to the end or a closing parenthesis, which is skipped within others.
  static func read(
    _ scanner: inout TextScanner, depth: Int, _ portNumber: (String) -> DatapathPortNumber?
  ) throws(DatapathTextError) -> [DatapathAction] {
    guard depth <= ProgramCompiler.maximumDepth else { throw .nestingTooDeep }
    var actions: [DatapathAction] = []
    while true {
      scanner.skipSeparators()
      if scanner.isAtEnd || (depth > 0 && scanner.skip(")")) { return actions }
      let name = scanner.word()
      if scanner.skip("(") {
        actions.append(try readCall(name, &scanner, depth, portNumber))
      } else if name != ActionKind.drop.name {
        actions.append(try readName(name, scanner, portNumber))
      }
    }
  }

  /// An action without parentheses; a name that is none of an action's is a port's.
  private static func readName(
    _ name: String, _ scanner: TextScanner, _ portNumber: (String) -> DatapathPortNumber?
  ) throws(DatapathTextError) -> DatapathAction {
    switch ActionKind(name: name) {
    case .popVLAN: return .popVLAN
    case .connectionTrackClear: return .connectionTrackClear
    case .connectionTrack: return .connectionTrack(ConnectionTrackAction())
    case .popEthernet: return .popEthernet
    case .output, .userspace, .set, .setMasked, .pushVLAN, .sample, .recirculate, .hash, .pushMPLS, .popMPLS,
      .truncate, .pushEthernet, .pushNSH, .popNSH, .meter, .clone, .checkPacketLength, .addMPLS,
      .decrementTTL, .drop, .tunnelPush, .tunnelPop, nil:
      return .output(try port(name, scanner, portNumber))
    }
  }

  private static func port(
    _ name: String, _ scanner: TextScanner, _ portNumber: (String) -> DatapathPortNumber?
  ) throws(DatapathTextError) -> DatapathPortNumber {
    if let number = TextScanner.number(name), number <= 0xffff_ffff {
      return DatapathPortNumber(UInt32(number))
    }
    guard let number = portNumber(name) else {
      if name.isEmpty { throw scanner.unexpected }
      throw .unknownName(name)
    }
    return number
  }

  /// Reads an action's arguments and closing parenthesis.
  private static func readCall(
    _ name: String, _ scanner: inout TextScanner, _ depth: Int, _ portNumber: (String) -> DatapathPortNumber?
  ) throws(DatapathTextError) -> DatapathAction {
    let action: DatapathAction
    switch ActionKind(name: name) {
    // These read their closing parenthesis themselves.
    case .clone: return .clone(try read(&scanner, depth: depth + 1, portNumber))
    case .tunnelPush: return try TunnelPushReader.read(&scanner, portNumber)
    case .userspace: return try readUserspace(&scanner, portNumber)
    case .sample: action = try readSample(&scanner, depth, portNumber)
    case .checkPacketLength: action = try readLengthCheck(&scanner, depth, portNumber)
    case .decrementTTL:
      try scanner.expect("le_1(")
      action = .decrementTTL(exhausted: try read(&scanner, depth: depth + 1, portNumber))
    case .set, .setMasked: action = try readSet(&scanner)
    case .tunnelPop: action = .tunnelPop(try port(scanner.word(), scanner, portNumber))
    case .truncate: action = .truncate(maximumByteCount: UInt32(try scanner.number(bits: 32)))
    case .recirculate: action = .recirculate(UInt32(try scanner.number(bits: 32)))
    case .meter: action = .meter(UInt32(try scanner.number(bits: 32)))
    case .hash: action = try readHash(&scanner)
    case .pushVLAN: action = try readTag(&scanner)
    case .pushMPLS:
      let (entry, type) = try readLabel(&scanner)
      action = .pushMPLS(entry: entry, etherType: type)
    case .popMPLS:
      try scanner.expect("eth_type=")
      action = .popMPLS(etherType: UInt16(try scanner.number(bits: 16)))
    case .pushEthernet: action = try readEthernet(&scanner)
    case .connectionTrack: throw .unsupported(name)
    case .output, .popVLAN, .popEthernet, .connectionTrackClear, .pushNSH, .popNSH, .addMPLS, .drop, nil:
      throw .unknownName(name)
    }
    try scanner.expect(")")
    return action
  }

  private static func readHash(_ scanner: inout TextScanner) throws(DatapathTextError) -> DatapathAction {
    let algorithm: UInt32 = scanner.skip("sym_l4(") ? 1 : 0
    if algorithm == 0 { try scanner.expect("l4(") }
    let basis = UInt32(try scanner.number(bits: 32))
    try scanner.expect(")")
    return .hash(algorithm: algorithm, basis: basis)
  }

  private static func readEthernet(_ scanner: inout TextScanner) throws(DatapathTextError) -> DatapathAction {
    var reader = KeyReader()
    // The field list reads the parenthesis that closes it, which the caller expects as well.
    try scanner.expect("src=")
    try scanner.value(TextRow("", .ethSource, .ethernet), &reader.key, &reader.mask)
    try scanner.expect(",dst=")
    try scanner.value(TextRow("", .ethDestination, .ethernet), &reader.key, &reader.mask)
    return .pushEthernet(source: reader.key[.ethSource], destination: reader.key[.ethDestination])
  }

  private static func readTag(_ scanner: inout TextScanner) throws(DatapathTextError) -> DatapathAction {
    var tpid: UInt64 = 0x8100
    var tci: UInt64 = 0x1000
    while true {
      scanner.skipSeparators()
      let name = scanner.word()
      if name.isEmpty { break }
      try scanner.expect("=")
      switch name {
      case "tpid": tpid = try scanner.number(bits: 16)
      case "vid": tci |= try scanner.number(bits: 12)
      case "pcp": tci |= try scanner.number(bits: 3) << 13
      case "cfi": if try scanner.number(bits: 1) == 0 { tci &= 0xefff }
      default: throw .unknownName(name)
      }
    }
    return .pushVLAN(tpid: UInt16(tpid), tci: UInt16(tci))
  }

  private static func readLabel(_ scanner: inout TextScanner) throws(DatapathTextError) -> (UInt32, UInt16) {
    try scanner.expect("label=")
    var entry = try scanner.number(bits: 20) << 12
    try scanner.expect(",tc=")
    entry |= try scanner.number(bits: 3) << 9
    try scanner.expect(",ttl=")
    entry |= try scanner.number(bits: 8)
    try scanner.expect(",bos=")
    entry |= try scanner.number(bits: 1) << 8
    try scanner.expect(",eth_type=")
    return (UInt32(entry), UInt16(try scanner.number(bits: 16)))
  }

  private static func readSample(
    _ scanner: inout TextScanner, _ depth: Int, _ portNumber: (String) -> DatapathPortNumber?
  ) throws(DatapathTextError) -> DatapathAction {
    try scanner.expect("sample=")
    let text = scanner.word()
    guard text.utf8.last == 0x25,
      let percentage = Double(String(decoding: text.utf8.dropLast(), as: UTF8.self)),
      percentage >= 0, percentage <= 100
    else { throw .invalidValue(text) }
    try scanner.expect(",actions(")
    let actions = try read(&scanner, depth: depth + 1, portNumber)
    return .sample(probability: UInt32(percentage / 100 * 4_294_967_295), actions: actions)
  }

  private static func readLengthCheck(
    _ scanner: inout TextScanner, _ depth: Int, _ portNumber: (String) -> DatapathPortNumber?
  ) throws(DatapathTextError) -> DatapathAction {
    try scanner.expect("size=")
    let threshold = UInt16(try scanner.number(bits: 16))
    try scanner.expect(",gt(")
    let greater = try read(&scanner, depth: depth + 1, portNumber)
    try scanner.expect(",le(")
    let lessOrEqual = try read(&scanner, depth: depth + 1, portNumber)
    return .checkPacketLength(threshold: threshold, greater: greater, lessOrEqual: lessOrEqual)
  }

  private static func readSet(_ scanner: inout TextScanner) throws(DatapathTextError) -> DatapathAction {
    let name = scanner.word()
    guard let attribute = KeyAttribute(nameInSet: name) else { throw .unknownName(name) }
    try scanner.expect("(")
    var reader = KeyReader()
    // This reads the parenthesis that closes it.
    try reader.readAttribute(name, &scanner)
    if attribute == .tunnel { for place in attribute.places { reader.mask.words[place.index] = place.mask } }
    return .set(SetAction(attribute, value: reader.key, mask: reader.mask))
  }

  // MARK: Userspace

  private static func readUserspace(
    _ scanner: inout TextScanner, _ portNumber: (String) -> DatapathPortNumber?
  ) throws(DatapathTextError) -> DatapathAction {
    try scanner.expect("pid=")
    var action = UserspaceAction(processID: UInt32(try scanner.number(bits: 32)))
    while true {
      scanner.skipSeparators()
      if scanner.skip(")") { return .userspace(action) }
      let name = scanner.word()
      switch name {
      case "actions": action.includesActions = true
      case "tunnel_out_port":
        try scanner.expect("=")
        action.egressTunnelPort = try port(scanner.word(), scanner, portNumber)
      case "userdata":
        try scanner.expect("(")
        action.userData = try readBytes(scanner.word())
        try scanner.expect(")")
      case "slow_path":
        try scanner.expect("(")
        action.userData = UserspaceCookie(.slowPath(try readReasons(&scanner))).encode()
      case "controller":
        try scanner.expect("(")
        action.userData = UserspaceCookie(.controller(try readController(&scanner))).encode()
      default: throw .unknownName(name)
      }
    }
  }

  private static func readBytes(_ text: String) throws(DatapathTextError) -> [UInt8] {
    let digits = Array(text.utf8)
    guard digits.count & 1 == 0 else { throw .invalidValue(text) }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[index..<(index + 2)], as: UTF8.self), radix: 16) else {
        throw .invalidValue(text)
      }
      bytes.append(byte)
    }
    return bytes
  }

  private static func readReasons(_ scanner: inout TextScanner) throws(DatapathTextError) -> SlowPathReasons {
    var reasons: SlowPathReasons = []
    while true {
      scanner.skipSeparators()
      if scanner.skip(")") { return reasons }
      let name = scanner.word()
      if name == "0" { continue }
      guard let bit = SlowPathReasons.names.firstIndex(of: name) else { throw .unknownName(name) }
      reasons.insert(SlowPathReasons(rawValue: 1 << UInt32(bit)))
    }
  }

  private static func readController(
    _ scanner: inout TextScanner
  ) throws(DatapathTextError) -> UserspaceCookie.Controller {
    var controller = UserspaceCookie.Controller()
    while true {
      scanner.skipSeparators()
      if scanner.skip(")") { return controller }
      let name = scanner.word()
      try scanner.expect("=")
      switch name {
      case "reason": controller.reason = UInt16(try scanner.number(bits: 16))
      case "dont_send": controller.isSuppressed = try scanner.number(bits: 1) != 0
      case "continuation": controller.continues = try scanner.number(bits: 1) != 0
      case "recirc_id": controller.recirculation = UInt32(try scanner.number(bits: 32))
      case "rule_cookie": controller.ruleCookie = try scanner.number()
      case "controller_id": controller.controller = UInt16(try scanner.number(bits: 16))
      case "max_len": controller.maximumByteCount = UInt16(try scanner.number(bits: 16))
      default: throw .unknownName(name)
      }
    }
  }
}

// The parts of a row of the action table, and how the table is looked up.

/// All that differs from action to action, other than what it does to a packet.
struct ActionRow: Sendable {
  let kind: Action.Kind
  /// The name in messages.
  let name: String
  /// When a flow executes it.
  let stage: ActionStage
  /// The OpenFlow forms that can carry it.
  let formats: FlowFormats
  /// The words of flow syntax.
  ///
  /// Where an action is printed in two ways, the first two are their words.
  let words: [Word]
  /// The forms on the wire.
  let forms: [Form]

  init(
    _ kind: Action.Kind, _ name: String, stage: ActionStage = .applyActions, formats: FlowFormats = .any,
    words: [Word] = [], forms: [Form]
  ) {
    self.kind = kind
    self.name = name
    self.stage = stage
    self.formats = formats
    self.words = words
    self.forms = forms
  }

  /// The word for the action's second way of being printed.
  var secondWord: String { words[1].text }

  /// A word of flow syntax.
  struct Word: Sendable {
    typealias Parser = @Sendable (inout ActionParser, TextBytes) throws(FlowTextError) -> Action

    let text: String
    /// Reads the action's argument.
    let parse: Parser

    init(_ text: String, _ parse: @escaping Parser) {
      self.text = text
      self.parse = parse
    }
  }

  /// A form on the wire: one layout, under the numbers that versions and vendors gave it.
  struct Form: Sendable {
    typealias Reader = @Sendable (ActionReader, inout WireReader) throws(OpenFlowError) -> Action

    let form: ActionForm
    /// The numbers; a version writes the first that it has, and reads all that it has.
    let numbers: [ActionNumber]
    /// What the body's first byte is aligned to, counted from the action's start, in bytes.
    let alignment: Int
    /// Reads the body; nil if the body is a list of actions that stands for itself.
    let read: Reader?

    init(_ form: ActionForm, _ numbers: [ActionNumber], alignment: Int = 1, _ read: Reader?) {
      self.form = form
      self.numbers = numbers
      self.alignment = alignment
      self.read = read
    }
  }
}

/// When a flow executes an action; the instructions of OpenFlow 1.1 and later, in the order of their execution.
enum ActionStage: UInt8, CaseIterable, Comparable, Sendable {
  case meter, applyActions, clearActions, writeActions, writeMetadata, gotoTable

  /// The name in messages.
  var name: String {
    switch self {
    case .meter: ActionTable.row(.meter).name
    case .applyActions: ActionTable.row(.applyActions).name
    case .clearActions: ActionTable.row(.clearActions).name
    case .writeActions: ActionTable.row(.writeActions).name
    case .writeMetadata: ActionTable.row(.writeMetadata).name
    case .gotoTable: ActionTable.row(.gotoTable).name
    }
  }

  static func < (left: ActionStage, right: ActionStage) -> Bool { left.rawValue < right.rawValue }
}

/// A number of an action or instruction, and the versions that have it.
struct ActionNumber: Equatable, Sendable {
  /// The type under which vendors' actions and instructions travel (OFPAT_EXPERIMENTER, OFPIT_EXPERIMENTER).
  static var experimenter: UInt16 { 0xffff }

  /// Who assigned the number, and what it counts.
  enum Space: UInt8, Sendable {
    /// An action of the specification (OFPAT_*).
    case standard
    /// An action of the Nicira extensions (NXAST_*).
    case nicira
    /// An action of the extensions of the Open Networking Foundation.
    case onf
    /// An instruction of the specification (OFPIT_*).
    case instruction

    /// The vendor that an action names; nil for the specification's own.
    var vendor: ErrorVendor? {
      switch self {
      case .standard, .instruction: nil
      case .nicira: .nicira
      case .onf: .onf
      }
    }

    /// What stands before the body: type and length, with a vendor its number and a subtype; in bytes.
    var headerByteCount: Int { vendor == nil ? 4 : 10 }
  }

  let space: Space
  let number: UInt16
  let versions: ClosedRange<OpenFlowVersion>
  /// The whole length, where a peer has to keep to it, in bytes; zero where any will do.
  let byteCount: Int

  private init(
    _ space: Space, _ number: UInt16, _ versions: ClosedRange<OpenFlowVersion>, byteCount: Int = 0
  ) {
    self.space = space
    self.number = number
    self.versions = versions
    self.byteCount = byteCount
  }

  static func standard(
    _ number: UInt16, _ versions: ClosedRange<OpenFlowVersion> = .v10 ... .v15
  ) -> ActionNumber { ActionNumber(.standard, number, versions) }

  static func nicira(_ number: UInt16) -> ActionNumber { ActionNumber(.nicira, number, .v10 ... .v15) }

  static func onf(_ number: UInt16, _ versions: ClosedRange<OpenFlowVersion>) -> ActionNumber {
    ActionNumber(.onf, number, versions)
  }

  static func instruction(
    _ number: UInt16, _ versions: ClosedRange<OpenFlowVersion> = .v11 ... .v15, byteCount: Int = 0
  ) -> ActionNumber { ActionNumber(.instruction, number, versions, byteCount: byteCount) }
}

/// How a form is framed in a version.
struct ActionFrame: Sendable {
  let number: ActionNumber
  /// Zeros between the header and the body, in bytes.
  let paddingByteCount: Int

  init(_ number: ActionNumber, alignment: Int) {
    self.number = number
    let excess = number.space.headerByteCount % alignment
    paddingByteCount = excess == 0 ? 0 : alignment &- excess
  }
}

extension ActionTable {
  /// Every row.
  static let rows: [ActionRow] = outputs + fields + headers + encapsulations + processing + instructions

  /// The row of each kind, by its raw value.
  private static let byKind: [ActionRow] = Action.Kind.allCases.map { kind in
    guard let row = rows.first(where: { $0.kind == kind }) else {
      preconditionFailure("an action without a row")
    }
    return row
  }

  /// Every form, by its raw value.
  private static let forms: [ActionRow.Form] = {
    let all = rows.flatMap { $0.forms }
    return ActionForm.allCases.map { form in
      guard let found = all.first(where: { $0.form == form }) else {
        preconditionFailure("a form of no action")
      }
      return found
    }
  }()

  private static let versionCount = OpenFlowVersion.allCases.count

  /// How each form is framed in each version, by the raw values of both.
  private static let frames: [ActionFrame?] = forms.flatMap { form in
    OpenFlowVersion.allCases.map { version in
      form.numbers.first { $0.versions.contains(version) }.map { ActionFrame($0, alignment: form.alignment) }
    }
  }

  /// The form, and which of its numbers, by space, version and number.
  private static let byNumber: [UInt32: (form: Int, number: Int)] = {
    var index: [UInt32: (form: Int, number: Int)] = [:]
    for (position, form) in forms.enumerated() {
      for (place, number) in form.numbers.enumerated() {
        for version in OpenFlowVersion.allCases where number.versions.contains(version) {
          index[key(number.space, number.number, version)] = (position, place)
        }
      }
    }
    return index
  }()

  private static func key(_ space: ActionNumber.Space, _ number: UInt16, _ version: OpenFlowVersion) -> UInt32
  {
    UInt32(space.rawValue) << 24 | UInt32(version.rawValue) << 16 | UInt32(number)
  }

  /// The row of a kind of action.
  static func row(_ kind: Action.Kind) -> ActionRow { byKind[Int(kind.rawValue)] }

  /// How a version frames a form; nil if it does not have it.
  static func frame(_ form: ActionForm, _ version: OpenFlowVersion) -> ActionFrame? {
    frames[Int(form.rawValue) &* versionCount &+ Int(version.rawValue) &- 1]
  }

  /// The form that a version has a number for, and how it is framed; nil if there is none.
  static func find(
    _ space: ActionNumber.Space, _ number: UInt16, _ version: OpenFlowVersion
  ) -> (form: ActionRow.Form, frame: ActionFrame)? {
    guard let found = byNumber[key(space, number, version)] else { return nil }
    let form = forms[found.form]
    return (form, ActionFrame(form.numbers[found.number], alignment: form.alignment))
  }

  /// The words of flow syntax.
  static let words = KeywordTable<ActionWord>(
    rows.flatMap { row in
      row.words.map { ($0.text, ActionWord.action(formats: row.formats, parse: $0.parse)) }
    } + [
      (drop, .drop),
      ("unroll_xlate", .refused("UNROLL is an internal action that shouldn't be used via OpenFlow")),
      (row(.applyActions).name, .refused("apply_actions is the default instruction")),
    ])

  /// The word for no action at all.
  static var drop: String { "drop" }
}

/// What a word of flow syntax stands for.
enum ActionWord: Sendable {
  case action(formats: FlowFormats, parse: ActionRow.Word.Parser)
  /// No action at all.
  case drop
  /// A word that is known, and why it cannot be used.
  case refused(String)
}

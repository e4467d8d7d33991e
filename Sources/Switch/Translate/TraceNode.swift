/// A step of a translation, as `ofproto/trace` shows it, and the steps inside it.
final class TraceNode {
  /// What kind of step it is; decides how it is shown.
  enum Kind {
    /// A bridge is entered.
    case bridge
    /// A table is looked up.
    case table
    /// A packet goes on from where it was left.
    case thaw
    /// An action is run.
    case action
    /// What an action led to.
    case detail
    /// Something that a user may not have meant.
    case warning
    /// Something that stopped the translation.
    case error

    /// Whether steps of this kind have none inside them.
    var isTerminal: Bool {
      switch self {
      case .bridge, .table, .thaw: false
      case .action, .detail, .warning, .error: true
      }
    }
  }

  /// What kind of step it is.
  let kind: Kind
  /// What is shown.
  let text: String
  /// The steps inside it.
  private(set) var children: [TraceNode] = []

  init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }

  /// Adds a step inside this one.
  @discardableResult
  func add(_ kind: Kind, _ text: String) -> TraceNode {
    let node = TraceNode(kind, text)
    children.append(node)
    return node
  }

  /// The steps inside this one as lines of text.
  ///
  /// A table or bridge that comes last among its siblings is not indented further, so that a chain of `goto_table` reads
  /// straight down; one in the middle is.
  func render(into text: inout String, level: Int = 0) {
    for (place, step) in children.enumerated() {
      let deeper = step.kind.isTerminal || place + 1 < children.count ? 1 : 0
      let indent = String(repeating: " ", count: (level + deeper) * 4)
      switch step.kind {
      case .bridge:
        text += "\n" + indent + step.text + "\n"
        text += indent + String(repeating: "-", count: step.text.utf8.count) + "\n"
      case .table, .thaw, .action: text += indent + step.text + "\n"
      case .detail: text += indent + " -> " + step.text + "\n"
      case .warning: text += indent + " >> " + step.text + "\n"
      case .error: text += indent + " >>>> " + step.text + " <<<<\n"
      }
      step.render(into: &text, level: level + 2 * deeper)
    }
  }
}

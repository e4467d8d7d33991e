import Command
import Datapath
import OpenFlow

/// What `--sort` and `--rsort` order flows by.
struct SortCriterion {
  /// The field; nil for the priority.
  let field: Field?
  /// Whether the largest comes first.
  let isDescending: Bool

  init(_ name: String?, isDescending: Bool) throws(UsageError) {
    self.isDescending = isDescending
    guard let name, name != "priority" else {
      field = nil
      return
    }
    guard let field = Field.named(name) else { throw UsageError("\(name): unknown field name") }
    self.field = field
  }

  /// Whether `left` comes before `right`: negative; after: positive; neither: zero.
  func compare(_ left: FlowDescription, _ right: FlowDescription) -> Int {
    var order = left.priority < right.priority ? -1 : left.priority > right.priority ? 1 : 0
    if let field {
      let leftMatches = matches(field, left.match)
      // Flows that do not match the field come last in either order.
      if leftMatches != matches(field, right.match) { return leftMatches ? -1 : 1 }
      guard leftMatches else { return 0 }
      let leftValue = left.match.value(of: field)
      let rightValue = right.match.value(of: field)
      order = leftValue < rightValue ? -1 : leftValue > rightValue ? 1 : 0
    }
    return isDescending ? -order : order
  }

  private func matches(_ field: Field, _ match: Match) -> Bool {
    match.mask(of: field) != 0 && field.prerequisite.isSatisfied(byRule: match.key, mask: match.mask)
  }
}

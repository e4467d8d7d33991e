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
    let order: Int
    if let field {
      order = compare(field, left.match, right.match)
    } else {
      order = left.priority < right.priority ? -1 : left.priority > right.priority ? 1 : 0
    }
    return isDescending ? -order : order
  }

  /// Flows that do not match the field come last in ascending order, so that those that do stand together.
  private func compare(_ field: Field, _ left: Match, _ right: Match) -> Int {
    let leftMatches =
      left.mask(of: field) != 0 && field.prerequisite.isSatisfied(byRule: left.key, mask: left.mask)
    let rightMatches =
      right.mask(of: field) != 0 && field.prerequisite.isSatisfied(byRule: right.key, mask: right.mask)
    if leftMatches != rightMatches { return leftMatches ? 1 : -1 }
    guard leftMatches else { return 0 }
    let leftValue = left.value(of: field)
    let rightValue = right.value(of: field)
    return leftValue < rightValue ? -1 : leftValue > rightValue ? 1 : 0
  }
}

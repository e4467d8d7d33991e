extension [Action] {
  /// Whether one of the actions, or of those that run inside of them, is as asked.
  public func containsNested(where condition: (Action) -> Bool) -> Bool {
    contains { action in
      if condition(action) { return true }
      switch action {
      case .writeActions(let inner), .clone(let inner): return inner.containsNested(where: condition)
      default: return false
      }
    }
  }

  /// Calls for each of the actions, and for each that runs inside of one, in their order.
  public func forEachNested(_ body: (Action) -> Void) {
    _ = containsNested { action in
      body(action)
      return false
    }
  }
}

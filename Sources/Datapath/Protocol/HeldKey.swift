/// A key on the heap.
///
/// A message that holds keys is passed from function to function, each with copies of its own; with the keys in it that
/// would take more stack than a kernel has.
final class HeldKey: Equatable, Sendable {
  let key: FlowKey

  init(_ key: FlowKey) { self.key = key }

  static func == (one: HeldKey, other: HeldKey) -> Bool { one === other || one.key == other.key }
}

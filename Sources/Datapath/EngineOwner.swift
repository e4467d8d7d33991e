/// An engine on the heap, for owners that can hold classes alone.
///
/// In Embedded Swift a module cannot destroy a value of another module that owns memory; a class is destroyed by
/// its own module.
public final class EngineOwner {
  /// The engine.
  public var engine: Engine

  /// Makes an engine without ports or flows.
  public init(_ configuration: EngineConfiguration = EngineConfiguration()) { engine = Engine(configuration) }
}

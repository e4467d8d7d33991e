/// An engine on the heap whose ports have no devices.
///
/// In Embedded Swift a module cannot destroy a value of another module that owns memory; a class is destroyed by
/// its own module, so that owners elsewhere can hold this one.
public final class EngineOwner {
  private var engine: Engine

  /// Makes an engine without ports or flows.
  public init(_ configuration: EngineConfiguration = EngineConfiguration()) { engine = Engine(configuration) }

  /// Does what a message asks; returns the answers and what goes to the daemon.
  public func handle(message: [UInt8], nowMilliseconds: UInt64) -> [[UInt8]] {
    let replies = engine.handle(message: message, nowMilliseconds: nowMilliseconds)
    return replies + settle()
  }

  /// Lets a port receive a frame; returns what goes to the daemon.
  public func receive(_ frame: [UInt8], from port: DatapathPortNumber, nowMilliseconds: UInt64) -> [[UInt8]] {
    if case .accepted = engine.receive(RawSpan(_elements: frame.span), from: port) {
      engine.process(nowMilliseconds: nowMilliseconds)
    }
    return settle()
  }

  /// What is sent to a port without a device has arrived.
  private func settle() -> [[UInt8]] {
    while let output = engine.nextOutput() { engine.finishOutput(output, sent: output.count) }
    return engine.drainUpcalls()
  }
}

#if !APUS_WINDOWS
  /// An open file, socket or other object of the operating system.
  public struct Descriptor: Hashable, Sendable {
    /// The kernel's number for it.
    let number: Int32
  }
#endif

#if !APUS_WINDOWS
  /// The system's manager of services, as a program that runs under it sees it.
  public enum ServiceManager {
    /// Whether the system has one that programs report to.
    public static let isPresent = false

    /// Whether it runs this program.
    public static var isInCharge: Bool { false }

    /// Says that the service is ready.
    public static func reportReady() {}

    /// Has it start this service anew when it fails, twice in a row.
    public static func restartOnFailure() throws(SystemError) {}
  }
#endif

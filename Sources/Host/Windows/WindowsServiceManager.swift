#if APUS_WINDOWS
  /// The system's manager of services, as a program that runs under it sees it.
  public enum ServiceManager {
    /// Whether the system has one that programs report to.
    public static let isPresent = true

    /// Whether it runs this program.
    public static var isInCharge: Bool { apus_service_is_running() != 0 }

    /// Says that the service is ready.
    public static func reportReady() { apus_service_ready() }

    /// Has it start this service anew when it fails, twice in a row.
    public static func restartOnFailure() throws(SystemError) {
      let error = apus_service_restart_on_failure()
      if error != 0 { throw SystemError(code: Int32(bitPattern: error)) }
    }
  }
#endif

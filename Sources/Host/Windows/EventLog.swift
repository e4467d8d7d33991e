#if APUS_WINDOWS
  /// The system's event log.
  ///
  /// The source is named after the program, and every event has the number 1 and one text, which the messages of
  /// `EventCreate.exe`, a part of Windows, print as it is. The installer registers the sources.
  final class EventLog {
    private let handle: Handle

    init?(programName: String) {
      // SAFETY: the name is terminated.
      handle = unsafe RegisterEventSourceW(nil, Win32.wide(programName))
      if handle == 0 { return nil }
    }

    deinit { _ = DeregisterEventSource(handle) }

    /// Longest text of one event, in characters.
    private static let maximumCharacterCount = 31_839

    /// Reports one line of a severity as syslog counts them.
    func write(severity: Int, _ line: String) {
      // EVENTLOG_ERROR_TYPE, EVENTLOG_WARNING_TYPE, EVENTLOG_INFORMATION_TYPE.
      let kind: UInt16 = severity <= 3 ? 1 : severity == 4 ? 2 : 4
      let text = Array(line.utf16.prefix(EventLog.maximumCharacterCount)) + [0]
      // SAFETY: one terminated text, which lives during the call.
      unsafe text.withUnsafeBufferPointer { characters in
        var texts = [UInt(bitPattern: characters.baseAddress)]
        _ = unsafe ReportEventW(handle, kind, 0, 1, nil, 1, 0, &texts, nil)
      }
    }
  }

  extension Syscalls {
    static func openEventLog(programName: String) -> EventLog? { EventLog(programName: programName) }
    /// Messages of the system's log do not go to a socket here.
    static var systemLogPath: String? { nil }
  }
#endif

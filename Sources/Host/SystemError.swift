/// A failed call of the operating system, by its error number.
public struct SystemError: Error, Equatable, Sendable {
  /// The system's error number: `errno` on Linux, `GetLastError` or `WSAGetLastError` on Windows.
  public let code: Int32

  /// Makes an error from the system's number.
  public init(code: Int32) { self.code = code }

  /// What the system says about this number, as `strerror` does.
  public var message: String { Syscalls.message(forError: code) }

  /// Whether the call would have had to wait.
  public var isWouldBlock: Bool { Syscalls.isWouldBlock(code) }
  /// Whether a file or a socket file does not exist.
  public var isNotFound: Bool { Syscalls.isNotFound(code) }
  /// Whether nobody listens at the address.
  public var isConnectionRefused: Bool { Syscalls.isConnectionRefused(code) }
}

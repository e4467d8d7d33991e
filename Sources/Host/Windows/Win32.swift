// What: the functions of Windows that this module calls, declared here since no headers of Windows are imported.
// Handles and pointers that are only passed on are `UInt`; structures are laid out by hand where they are used.

#if APUS_WINDOWS
  typealias Handle = UInt

  enum Win32 {
    static var invalidHandle: Handle { UInt.max }
    static var genericRead: UInt32 { 0x8000_0000 }
    static var genericWrite: UInt32 { 0x4000_0000 }
    static var shareAll: UInt32 { 7 }
    static var fileFlagOverlapped: UInt32 { 0x4000_0000 }
    static var infinite: UInt32 { 0xffff_ffff }
    static var errorAccessDenied: UInt32 { 5 }
    static var errorInvalidHandle: UInt32 { 6 }
    static var errorSharingViolation: UInt32 { 32 }

    static var errorFileNotFound: UInt32 { 2 }
    static var errorPathNotFound: UInt32 { 3 }
    static var errorHandleEOF: UInt32 { 38 }
    static var errorBrokenPipe: UInt32 { 109 }
    static var errorAlreadyExists: UInt32 { 183 }
    static var errorPipeBusy: UInt32 { 231 }
    static var errorNoData: UInt32 { 232 }
    static var errorPipeConnected: UInt32 { 535 }
    static var errorIOPending: UInt32 { 997 }
    static var errorLockViolation: UInt32 { 33 }
    static var errorConnectionRefused: UInt32 { 1225 }
    static var errorNotSupported: UInt32 { 50 }
    static var socketWouldBlock: UInt32 { 10_035 }
    static var socketRefused: UInt32 { 10_061 }

    /// A text as zero-terminated UTF-16.
    static func wide(_ text: String) -> [UInt16] { Array(text.utf16) + [0] }

    /// The characters of a zero-terminated text.
    static func characters(_ text: UnsafePointer<UInt16>) -> [UInt16] {
      var characters: [UInt16] = []
      var place = unsafe text
      // SAFETY: the text ends with a zero, which ends the loop.
      while unsafe place.pointee != 0 {
        characters.append(unsafe place.pointee)
        unsafe place += 1
      }
      return characters
    }
  }

  // MARK: kernel32

  @_extern(c, "GetLastError") func GetLastError() -> UInt32
  @_extern(c, "CloseHandle") func CloseHandle(_ handle: Handle) -> Int32
  @_extern(c, "GetCurrentProcessId") func GetCurrentProcessId() -> UInt32
  @_extern(c, "OpenProcess")
  func OpenProcess(_ access: UInt32, _ inherit: Int32, _ identifier: UInt32) -> Handle
  @_extern(c, "GetExitCodeProcess")
  func GetExitCodeProcess(_ process: Handle, _ status: UnsafeMutablePointer<UInt32>) -> Int32
  @_extern(c, "Sleep") func Sleep(_ milliseconds: UInt32)
  @_extern(c, "QueryPerformanceCounter")
  func QueryPerformanceCounter(_ count: UnsafeMutablePointer<Int64>) -> Int32
  @_extern(c, "QueryPerformanceFrequency")
  func QueryPerformanceFrequency(_ frequency: UnsafeMutablePointer<Int64>) -> Int32
  @_extern(c, "GetSystemTimePreciseAsFileTime")
  func GetSystemTimePreciseAsFileTime(_ time: UnsafeMutablePointer<UInt64>)
  @_extern(c, "GetEnvironmentVariableW")
  func GetEnvironmentVariableW(
    _ name: UnsafePointer<UInt16>, _ buffer: UnsafeMutablePointer<UInt16>?, _ size: UInt32
  ) -> UInt32
  @_extern(c, "LocalFree") func LocalFree(_ memory: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
  @_extern(c, "GetComputerNameW")
  func GetComputerNameW(
    _ buffer: UnsafeMutablePointer<UInt16>, _ size: UnsafeMutablePointer<UInt32>
  ) -> Int32
  @_extern(c, "FormatMessageW")
  func FormatMessageW(
    _ flags: UInt32, _ source: UnsafeRawPointer?, _ code: UInt32, _ language: UInt32,
    _ buffer: UnsafeMutablePointer<UInt16>, _ size: UInt32, _ arguments: UnsafeRawPointer?
  ) -> UInt32
  @_extern(c, "GetStdHandle") func GetStdHandle(_ which: UInt32) -> Handle
  @_extern(c, "SetStdHandle") func SetStdHandle(_ which: UInt32, _ handle: Handle) -> Int32
  @_extern(c, "GetCommandLineW") func GetCommandLineW() -> UnsafePointer<UInt16>
  @_extern(c, "GetModuleFileNameW")
  func GetModuleFileNameW(_ module: Handle, _ buffer: UnsafeMutablePointer<UInt16>, _ size: UInt32) -> UInt32
  @_extern(c, "GetConsoleMode")
  func GetConsoleMode(_ handle: Handle, _ mode: UnsafeMutablePointer<UInt32>) -> Int32
  @_extern(c, "WriteConsoleW")
  func WriteConsoleW(
    _ handle: Handle, _ characters: UnsafePointer<UInt16>?, _ count: UInt32,
    _ done: UnsafeMutablePointer<UInt32>, _ reserved: UnsafeRawPointer?
  ) -> Int32
  @_extern(c, "FreeConsole") func FreeConsole() -> Int32
  @_extern(c, "GetFileType") func GetFileType(_ handle: Handle) -> UInt32

  @_extern(c, "CreateFileW")
  func CreateFileW(
    _ name: UnsafePointer<UInt16>, _ access: UInt32, _ share: UInt32, _ security: UnsafeRawPointer?,
    _ disposition: UInt32, _ flags: UInt32, _ template: Handle
  ) -> Handle
  @_extern(c, "ReadFile")
  func ReadFile(
    _ handle: Handle, _ buffer: UnsafeMutableRawPointer?, _ count: UInt32,
    _ done: UnsafeMutablePointer<UInt32>?,
    _ overlapped: UnsafeMutableRawPointer?
  ) -> Int32
  @_extern(c, "WriteFile")
  func WriteFile(
    _ handle: Handle, _ buffer: UnsafeRawPointer?, _ count: UInt32, _ done: UnsafeMutablePointer<UInt32>?,
    _ overlapped: UnsafeMutableRawPointer?
  ) -> Int32
  @_extern(c, "GetOverlappedResult")
  func GetOverlappedResult(
    _ handle: Handle, _ overlapped: UnsafeMutableRawPointer, _ done: UnsafeMutablePointer<UInt32>,
    _ wait: Int32
  ) -> Int32
  @_extern(c, "CancelIoEx") func CancelIoEx(_ handle: Handle, _ overlapped: UnsafeMutableRawPointer?) -> Int32
  @_extern(c, "GetFileSizeEx") func GetFileSizeEx(_ handle: Handle, _ size: UnsafeMutablePointer<Int64>)
    -> Int32
  @_extern(c, "SetFilePointerEx")
  func SetFilePointerEx(
    _ handle: Handle, _ distance: Int64, _ position: UnsafeMutablePointer<Int64>?, _ method: UInt32
  ) -> Int32
  @_extern(c, "SetEndOfFile") func SetEndOfFile(_ handle: Handle) -> Int32
  @_extern(c, "FlushFileBuffers") func FlushFileBuffers(_ handle: Handle) -> Int32
  @_extern(c, "MoveFileExW")
  func MoveFileExW(_ old: UnsafePointer<UInt16>, _ new: UnsafePointer<UInt16>, _ flags: UInt32) -> Int32
  @_extern(c, "DeleteFileW") func DeleteFileW(_ name: UnsafePointer<UInt16>) -> Int32
  @_extern(c, "CreateDirectoryW")
  func CreateDirectoryW(_ name: UnsafePointer<UInt16>, _ security: UnsafeRawPointer?) -> Int32
  @_extern(c, "SetCurrentDirectoryW") func SetCurrentDirectoryW(_ name: UnsafePointer<UInt16>) -> Int32
  @_extern(c, "GetCurrentDirectoryW")
  func GetCurrentDirectoryW(_ size: UInt32, _ buffer: UnsafeMutablePointer<UInt16>?) -> UInt32
  @_extern(c, "GetFileAttributesW") func GetFileAttributesW(_ name: UnsafePointer<UInt16>) -> UInt32
  @_extern(c, "GetFileInformationByHandle")
  func GetFileInformationByHandle(_ handle: Handle, _ information: UnsafeMutableRawPointer) -> Int32
  @_extern(c, "LockFileEx")
  func LockFileEx(
    _ handle: Handle, _ flags: UInt32, _ reserved: UInt32, _ low: UInt32, _ high: UInt32,
    _ overlapped: UnsafeMutableRawPointer
  ) -> Int32
  @_extern(c, "UnlockFileEx")
  func UnlockFileEx(
    _ handle: Handle, _ reserved: UInt32, _ low: UInt32, _ high: UInt32, _ overlapped: UnsafeMutableRawPointer
  ) -> Int32

  @_extern(c, "CreateIoCompletionPort")
  func CreateIoCompletionPort(_ handle: Handle, _ port: Handle, _ key: UInt, _ threads: UInt32) -> Handle
  @_extern(c, "GetQueuedCompletionStatusEx")
  func GetQueuedCompletionStatusEx(
    _ port: Handle, _ entries: UnsafeMutableRawPointer, _ capacity: UInt32,
    _ count: UnsafeMutablePointer<UInt32>, _ milliseconds: UInt32, _ alertable: Int32
  ) -> Int32
  @_extern(c, "WaitForSingleObject") func WaitForSingleObject(_ handle: Handle, _ milliseconds: UInt32)
    -> UInt32

  @_extern(c, "CreateNamedPipeW")
  func CreateNamedPipeW(
    _ name: UnsafePointer<UInt16>, _ open: UInt32, _ mode: UInt32, _ instances: UInt32, _ outSize: UInt32,
    _ inSize: UInt32, _ timeout: UInt32, _ security: UnsafeRawPointer?
  ) -> Handle
  @_extern(c, "ConnectNamedPipe")
  func ConnectNamedPipe(_ pipe: Handle, _ overlapped: UnsafeMutableRawPointer?) -> Int32
  @_extern(c, "WaitNamedPipeW") func WaitNamedPipeW(_ name: UnsafePointer<UInt16>, _ timeout: UInt32) -> Int32
  @_extern(c, "ConvertStringSecurityDescriptorToSecurityDescriptorW")
  func ConvertStringSecurityDescriptorToSecurityDescriptorW(
    _ text: UnsafePointer<UInt16>, _ revision: UInt32,
    _ descriptor: UnsafeMutablePointer<UnsafeMutableRawPointer?>,
    _ size: UnsafeMutablePointer<UInt32>?
  ) -> Int32

  @_extern(c, "CreatePipe")
  func CreatePipe(
    _ read: UnsafeMutablePointer<Handle>, _ write: UnsafeMutablePointer<Handle>,
    _ security: UnsafeRawPointer?,
    _ size: UInt32
  ) -> Int32
  @_extern(c, "SetHandleInformation")
  func SetHandleInformation(_ handle: Handle, _ mask: UInt32, _ flags: UInt32) -> Int32
  @_extern(c, "CreateProcessW")
  func CreateProcessW(
    _ name: UnsafePointer<UInt16>?, _ line: UnsafeMutablePointer<UInt16>?,
    _ processSecurity: UnsafeRawPointer?,
    _ threadSecurity: UnsafeRawPointer?, _ inherit: Int32, _ flags: UInt32, _ environment: UnsafeRawPointer?,
    _ directory: UnsafePointer<UInt16>?, _ startup: UnsafeRawPointer, _ information: UnsafeMutableRawPointer
  ) -> Int32

  // MARK: bcrypt

  @_extern(c, "BCryptGenRandom")
  func BCryptGenRandom(
    _ algorithm: Handle, _ buffer: UnsafeMutableRawPointer?, _ count: UInt32, _ flags: UInt32
  ) -> Int32

  /// A call of the runtime's (Windows/Runtime/Hash.c).
  @_extern(c, "apus_sha1")
  func apus_sha1(_ bytes: UnsafeRawPointer?, _ count: UInt, _ digest: UnsafeMutableRawPointer?) -> UInt32

  // MARK: ws2_32

  @_extern(c, "WSAStartup") func WSAStartup(_ version: UInt16, _ data: UnsafeMutableRawPointer) -> Int32
  @_extern(c, "WSAGetLastError") func WSAGetLastError() -> Int32
  @_extern(c, "WSASocketW")
  func WSASocketW(
    _ family: Int32, _ type: Int32, _ transport: Int32, _ information: UnsafeRawPointer?, _ group: UInt32,
    _ flags: UInt32
  ) -> Handle
  @_extern(c, "closesocket") func closesocket(_ socket: Handle) -> Int32
  @_extern(c, "bind")
  func winsockBind(_ socket: Handle, _ address: UnsafeRawPointer, _ length: Int32) -> Int32
  @_extern(c, "listen") func winsockListen(_ socket: Handle, _ backlog: Int32) -> Int32
  @_extern(c, "connect")
  func winsockConnect(_ socket: Handle, _ address: UnsafeRawPointer, _ length: Int32) -> Int32
  @_extern(c, "send")
  func winsockSend(_ socket: Handle, _ buffer: UnsafeRawPointer?, _ count: Int32, _ flags: Int32) -> Int32
  @_extern(c, "getsockname")
  func winsockName(
    _ socket: Handle, _ address: UnsafeMutableRawPointer, _ length: UnsafeMutablePointer<Int32>
  ) -> Int32
  @_extern(c, "getpeername")
  func winsockPeerName(
    _ socket: Handle, _ address: UnsafeMutableRawPointer, _ length: UnsafeMutablePointer<Int32>
  ) -> Int32
  @_extern(c, "setsockopt")
  func winsockSetOption(
    _ socket: Handle, _ level: Int32, _ option: Int32, _ value: UnsafeRawPointer?, _ length: Int32
  ) -> Int32
  @_extern(c, "WSARecv")
  func WSARecv(
    _ socket: Handle, _ buffers: UnsafeRawPointer, _ bufferCount: UInt32,
    _ done: UnsafeMutablePointer<UInt32>?,
    _ flags: UnsafeMutablePointer<UInt32>, _ overlapped: UnsafeMutableRawPointer, _ routine: UnsafeRawPointer?
  ) -> Int32
  @_extern(c, "WSASend")
  func WSASend(
    _ socket: Handle, _ buffers: UnsafeRawPointer, _ bufferCount: UInt32,
    _ done: UnsafeMutablePointer<UInt32>?,
    _ flags: UInt32, _ overlapped: UnsafeMutableRawPointer, _ routine: UnsafeRawPointer?
  ) -> Int32
  @_extern(c, "AcceptEx")
  func AcceptEx(
    _ listener: Handle, _ socket: Handle, _ buffer: UnsafeMutableRawPointer, _ dataByteCount: UInt32,
    _ localByteCount: UInt32, _ remoteByteCount: UInt32, _ done: UnsafeMutablePointer<UInt32>,
    _ overlapped: UnsafeMutableRawPointer
  ) -> Int32
  @_extern(c, "GetAddrInfoW")
  func GetAddrInfoW(
    _ host: UnsafePointer<UInt16>, _ service: UnsafePointer<UInt16>?, _ hints: UnsafeRawPointer,
    _ list: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) -> Int32
  @_extern(c, "FreeAddrInfoW") func FreeAddrInfoW(_ list: UnsafeMutableRawPointer?)

  // MARK: advapi32

  @_extern(c, "RegisterEventSourceW")
  func RegisterEventSourceW(_ server: UnsafePointer<UInt16>?, _ source: UnsafePointer<UInt16>) -> Handle
  @_extern(c, "DeregisterEventSource") func DeregisterEventSource(_ log: Handle) -> Int32
  @_extern(c, "ReportEventW")
  func ReportEventW(
    _ log: Handle, _ kind: UInt16, _ category: UInt16, _ event: UInt32, _ user: UnsafeRawPointer?,
    _ textCount: UInt16, _ dataByteCount: UInt32, _ texts: UnsafeRawPointer?, _ data: UnsafeRawPointer?
  ) -> Int32

  // MARK: Windows/Runtime

  @_extern(c, "apus_argument_count") func apus_argument_count() -> Int32
  @_extern(c, "apus_argument") func apus_argument(_ index: Int32) -> UnsafePointer<UInt16>
  @_extern(c, "apus_exit") func apus_exit(_ status: Int32)
  @_extern(c, "apus_termination_open") func apus_termination_open(_ port: Handle) -> UInt32
  @_extern(c, "apus_termination_is_pending") func apus_termination_is_pending() -> Int32
  @_extern(c, "apus_termination_take") func apus_termination_take() -> Int32
  @_extern(c, "apus_service_is_running") func apus_service_is_running() -> Int32
  @_extern(c, "apus_service_ready") func apus_service_ready()
  @_extern(c, "apus_service_restart_on_failure") func apus_service_restart_on_failure() -> UInt32
  @_extern(c, "apus_connect")
  func apus_connect(
    _ socket: Handle, _ address: UnsafeRawPointer, _ length: Int32, _ overlapped: UnsafeMutableRawPointer
  ) -> Int32
#endif

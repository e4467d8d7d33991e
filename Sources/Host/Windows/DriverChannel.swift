// What: the driver's device `\\.\OpenvSwitchDevice`, opened.
//
// How: requests are carried out at once by the driver, so they are waited for. A handle that is to tell of packets or events
// is opened for overlapped requests, of which one is always under way at the event loop's completion port; requests that
// are waited for on such a handle use an event, marked so that the port hears nothing of them.

#if APUS_WINDOWS
  import Datapath

  /// An open handle on the driver's device.
  @safe final class DriverHandle: DriverDevice {
    /// Whether requests may end later.
    enum Mode {
      case atOnce
      case overlapped
    }

    let descriptor: Descriptor
    private let event: Handle
    /// `OVERLAPPED` of the request that is waited for: 32 bytes, the last eight the event.
    // SAFETY: allocated at the start, freed in `deinit`; every request that uses it has ended before `control` returns.
    private let overlapped: UnsafeMutableRawPointer

    /// Opens the device; that there is none, as the driver is not loaded, is `ERROR_FILE_NOT_FOUND`.
    init(_ mode: Mode) throws(SystemError) {
      // Read and write access, shared with others; OPEN_EXISTING. SAFETY: the name is terminated.
      let handle = unsafe CreateFileW(
        Win32.wide("\\\\.\\OpenvSwitchDevice"), Win32.genericRead | Win32.genericWrite, 3, nil, 3,
        mode == .overlapped ? Win32.fileFlagOverlapped : 0, 0)
      if handle == Win32.invalidHandle { throw SystemError.last }
      var event: Handle = 0
      if mode == .overlapped {
        // SAFETY: no name is given.
        event = CreateEventW(nil, 1, 0, nil)
        if event == 0 {
          let error = SystemError.last
          _ = CloseHandle(handle)
          throw error
        }
      }
      descriptor = Descriptor(.device, handle)
      self.event = event
      unsafe overlapped = .allocate(byteCount: 32, alignment: 16)
    }

    deinit {
      if event != 0 { _ = CloseHandle(event) }
      unsafe overlapped.deallocate()
    }

    /// Closes the device; what is under way ends as cancelled.
    func close() { Syscalls.close(descriptor) }

    func control(
      _ code: DeviceControlCode, _ input: [UInt8], capacity: Int
    ) throws(SystemError) -> [UInt8] {
      var output = [UInt8](repeating: 0, count: capacity)
      var count: UInt32 = 0
      // SAFETY: the arrays have the lengths that are said, and the call has ended when it returns or was waited for.
      let error = unsafe input.withUnsafeBytes { source in
        unsafe output.withUnsafeMutableBytes { target in
          unsafe call(code.rawValue, source, target, &count)
        }
      }
      if error != 0 { throw SystemError(code: Int32(bitPattern: error)) }
      output.removeLast(output.count - min(output.count, Int(count)))
      return output
    }

    private func call(
      _ code: UInt32, _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer,
      _ count: inout UInt32
    ) -> UInt32 {
      let inputAddress = unsafe input.isEmpty ? nil : input.baseAddress
      let outputAddress = unsafe output.isEmpty ? nil : output.baseAddress
      guard event != 0 else {
        let result = unsafe DeviceIoControl(
          descriptor.handle, code, inputAddress, UInt32(input.count), outputAddress, UInt32(output.count),
          &count,
          nil)
        return result != 0 ? 0 : GetLastError()
      }
      unsafe overlapped.initializeMemory(as: UInt8.self, repeating: 0, count: 32)
      // An event with its lowest bit set keeps the completion port out of it.
      unsafe overlapped.storeBytes(of: event | 1, toByteOffset: 24, as: Handle.self)
      let result = unsafe DeviceIoControl(
        descriptor.handle, code, inputAddress, UInt32(input.count), outputAddress, UInt32(output.count), nil,
        overlapped)
      if result == 0, GetLastError() != Win32.errorIOPending { return GetLastError() }
      return unsafe GetOverlappedResult(descriptor.handle, overlapped, &count, 1) != 0 ? 0 : GetLastError()
    }
  }

  extension SystemError {
    /// Whether a device that was open is no longer there, or cannot be opened since it is not.
    var isDeviceGone: Bool {
      switch UInt32(bitPattern: code) {
      // ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, ERROR_INVALID_HANDLE, ERROR_BAD_UNIT, ERROR_DEV_NOT_EXIST.
      case 2, 3, 6, 20, 55: true
      // ERROR_DELETE_PENDING, ERROR_NO_SUCH_DEVICE, ERROR_FILE_INVALID, ERROR_DEVICE_NOT_CONNECTED, ERROR_DEVICE_REMOVED.
      case 303, 433, 1006, 1167, 1617: true
      default: false
      }
    }
  }

  extension OutsideDatapath {
    /// Whether this system has such a datapath.
    public static var isSupported: Bool { true }

    /// Opens the way to the datapath.
    public static func open() throws(SystemError) -> OutsideDatapath {
      let handle = try DriverHandle(.atOnce)
      do throws(SystemError) {
        return try OutsideDatapath(handle) { handle.close() }
      } catch {
        handle.close()
        throw error
      }
    }
  }

  @_extern(c, "CreateEventW")
  func CreateEventW(
    _ security: UnsafeRawPointer?, _ manual: Int32, _ initial: Int32, _ name: UnsafePointer<UInt16>?
  ) -> Handle
  @_extern(c, "DeviceIoControl")
  func DeviceIoControl(
    _ device: Handle, _ code: UInt32, _ input: UnsafeRawPointer?, _ inputCount: UInt32,
    _ output: UnsafeMutableRawPointer?, _ outputCount: UInt32, _ done: UnsafeMutablePointer<UInt32>?,
    _ overlapped: UnsafeMutableRawPointer?
  ) -> Int32
#endif

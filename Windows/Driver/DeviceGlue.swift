// The control device as Device.c calls it: numbers and pointers on one side, the extension's device on the other. All of it
// runs under the control lock.

import Datapath
import Extension

private func device(_ pointer: UnsafeRawPointer) -> ControlDevice {
  // SAFETY: the pointer is what ExtensionCreate gave out, and the object lives until ExtensionDestroy.
  unsafe Unmanaged<ForwardingExtension>.fromOpaque(pointer).takeUnretainedValue().device
}

@c func ExtensionDeviceOpen(_ pointer: UnsafeRawPointer) -> UInt32 { unsafe device(pointer).open() ?? 0 }

@c func ExtensionDeviceClose(_ pointer: UnsafeRawPointer, _ handle: UInt32) {
  unsafe device(pointer).close(handle)
}

@c func ExtensionDeviceCancel(_ pointer: UnsafeRawPointer, _ handle: UInt32, _ awaited: UInt32) {
  guard let thing = AwaitedThing(rawValue: awaited) else { return }
  unsafe device(pointer).cancel(handle, thing)
}

@c func ExtensionDeviceNextWakeUp(
  _ pointer: UnsafeRawPointer, _ handle: UnsafeMutablePointer<UInt32>, _ awaited: UnsafeMutablePointer<UInt32>,
  _ status: UnsafeMutablePointer<UInt32>
) -> UInt32 {
  guard let wakeUp = unsafe device(pointer).nextWakeUp() else { return 0 }
  // SAFETY: the caller's variables.
  unsafe handle.pointee = wakeUp.handle
  unsafe awaited.pointee = wakeUp.thing.rawValue
  unsafe status.pointee = wakeUp.status.rawValue
  return 1
}

/// `struct DeviceRequest` of Device.h.
private enum RequestPlace {
  static var handle: Int { 0 }
  static var code: Int { 4 }
  static var input: Int { 8 }
  static var output: Int { 16 }
  static var inputByteCount: Int { 24 }
  static var outputCapacity: Int { 28 }
  static var pipeline: Int { 32 }
  static var outputByteCount: Int { 36 }
  static var awaited: Int { 40 }
}

@c func ExtensionDeviceControl(_ pointer: UnsafeRawPointer, _ request: UnsafeMutableRawPointer) -> UInt32 {
  // SAFETY: the structure is Device.c's, and its buffers have the lengths that it says.
  let inputCount = unsafe Int(request.load(fromByteOffset: RequestPlace.inputByteCount, as: UInt32.self))
  let capacity = unsafe Int(request.load(fromByteOffset: RequestPlace.outputCapacity, as: UInt32.self))
  let start = unsafe request.load(fromByteOffset: RequestPlace.input, as: UnsafeRawPointer?.self)
  let output = unsafe request.load(fromByteOffset: RequestPlace.output, as: UnsafeMutableRawPointer?.self)
  let device = unsafe device(pointer)
  // What is longer than any request is refused without being copied.
  let kept = min(inputCount, device.maximumRequestByteCount + 1)
  let input = unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : kept))
  let reply = unsafe device.control(
    request.load(fromByteOffset: RequestPlace.handle, as: UInt32.self),
    code: request.load(fromByteOffset: RequestPlace.code, as: UInt32.self), input: input,
    capacity: output == nil ? 0 : capacity, nowMilliseconds: KernelMilliseconds(),
    on: Int(request.load(fromByteOffset: RequestPlace.pipeline, as: UInt32.self)))
  if !reply.bytes.isEmpty, reply.bytes.count <= capacity {
    unsafe reply.bytes.withUnsafeBytes { bytes in
      guard let from = bytes.baseAddress, let output = unsafe output else { return }
      unsafe output.copyMemory(from: from, byteCount: bytes.count)
    }
    unsafe request.storeBytes(
      of: UInt32(reply.bytes.count), toByteOffset: RequestPlace.outputByteCount, as: UInt32.self)
  }
  if let awaited = reply.awaits {
    unsafe request.storeBytes(of: awaited.rawValue, toByteOffset: RequestPlace.awaited, as: UInt32.self)
  }
  return reply.status.rawValue
}

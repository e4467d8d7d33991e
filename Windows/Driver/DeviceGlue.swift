// The control device as Device.c calls it: numbers and pointers on one side, the extension's device on the other. Device.h
// says under which locks.

import Datapath
import Extension

private func forwarding(_ pointer: UnsafeRawPointer) -> ForwardingExtension {
  // SAFETY: the pointer is what ExtensionCreate gave out, and the object lives until ExtensionDestroy.
  unsafe Unmanaged<ForwardingExtension>.fromOpaque(pointer).takeUnretainedValue()
}

private func device(_ pointer: UnsafeRawPointer) -> ControlDevice { forwarding(pointer).device }

@c
func ExtensionDeviceOpen(_ pointer: UnsafeRawPointer) -> UInt32 { device(pointer).open() ?? 0 }

@c
func ExtensionDeviceClose(_ pointer: UnsafeRawPointer, _ handle: UInt32) {
  device(pointer).close(handle)
}

@c
func ExtensionDeviceCancel(_ pointer: UnsafeRawPointer, _ handle: UInt32, _ awaited: UInt32) {
  guard let thing = AwaitedThing(rawValue: awaited) else { return }
  device(pointer).cancel(handle, thing)
}

@c
func ExtensionDeviceNextWakeUp(
  _ pointer: UnsafeRawPointer, _ handle: UnsafeMutablePointer<UInt32>,
  _ awaited: UnsafeMutablePointer<UInt32>,
  _ status: UnsafeMutablePointer<UInt32>
) -> UInt32 {
  guard let wakeUp = device(pointer).nextWakeUp() else { return 0 }
  // SAFETY: the caller's variables.
  handle.pointee = wakeUp.handle
  awaited.pointee = wakeUp.thing.rawValue
  status.pointee = wakeUp.status.rawValue
  return 1
}

@c
func ExtensionDeviceControl(_ pointer: UnsafeRawPointer, _ request: UnsafeMutablePointer<DeviceRequest>)
  -> UInt32
{
  let forwarding = forwarding(pointer)
  let count = Int(request.pointee.inputByteCount)
  let capacity = Int(request.pointee.outputCapacity)
  // What is longer than any request is refused without being copied whole.
  let kept = request.pointee.input == nil ? 0 : min(count, forwarding.device.maximumRequestByteCount + 1)
  let reply = forwarding.control(
    request.pointee.handle, code: request.pointee.code,
    input: [UInt8](UnsafeBufferPointer(start: request.pointee.input, count: kept)),
    capacity: request.pointee.output == nil ? 0 : capacity, nowMilliseconds: KernelMilliseconds(),
    on: Int(request.pointee.pipeline))
  if let output = request.pointee.output, reply.bytes.count <= capacity {
    reply.bytes.withUnsafeBytes { bytes in
      // SAFETY: the output has room for `capacity` bytes.
      if let start = bytes.baseAddress {
        UnsafeMutableRawPointer(output).copyMemory(from: start, byteCount: bytes.count)
      }
    }
    request.pointee.outputByteCount = UInt32(reply.bytes.count)
  }
  if let awaited = reply.awaits { request.pointee.awaited = awaited.rawValue }
  return reply.status.rawValue
}

// The control device \\.\OpenvSwitchDevice: how requests of user mode come in, wait, and end.
#ifndef APUS_DEVICE_H
#define APUS_DEVICE_H

#include <stdint.h>

// What Swift offers (DeviceGlue.swift). All but ExtensionDeviceControl under the control lock; open, close and control under
// the requests' lock.

#define DEVICE_AWAITED_COUNT 2

struct DeviceRequest {
  uint32_t handle;
  uint32_t code;
  const uint8_t *input;
  uint8_t *output;
  uint32_t inputByteCount;
  uint32_t outputCapacity;
  uint32_t pipeline;
  // Set by Swift.
  uint32_t outputByteCount;
  uint32_t awaited;
};

// The number of a new handle, or 0.
uint32_t ExtensionDeviceOpen(void *extension);
void ExtensionDeviceClose(void *extension, uint32_t handle);
// An NTSTATUS. If it is STATUS_PENDING, the request is to be kept until ExtensionDeviceNextWakeUp names it, and the control
// lock is held, to be given back with ControlLeave.
uint32_t ExtensionDeviceControl(void *extension, struct DeviceRequest *request);
// A pended request was cancelled.
void ExtensionDeviceCancel(void *extension, uint32_t handle, uint32_t awaited);
// Names a pended request that is to be completed; 0 if there is none.
uint32_t ExtensionDeviceNextWakeUp(void *extension, uint32_t *handle, uint32_t *awaited, uint32_t *status);

#ifndef APUS_IN_SWIFT

#include "ndis6-device.h"

// Device.c

// After the filter driver is registered; before that NDIS has no handle to make a device for.
NTSTATUS DeviceCreate(NDIS_HANDLE filterDriver);
// No handle is open any more.
void DeviceDelete(void);
// Completes the pended requests that something has come for. Takes the control lock; no lock may be held.
void DeviceCompleteWaiting(void);

#endif
#endif

// The control device \\.\OpenvSwitchDevice, the side of the I/O manager: it brings requests to the extension, which decides
// everything, keeps those that wait, and completes them.
//
// A pended request belongs to whoever takes its cancel routine away with IoSetCancelRoutine: the one who has something for it,
// the one who closes its handle, or the I/O manager, whose call of the routine then completes it. All three hold the control
// lock while they look at a handle's requests, and complete nothing while they hold it. Handles come and go, and requests are
// served, one at a time under the requests' lock, which is held at PASSIVE_LEVEL; a cancellation does not wait for it.
#include "Driver.h"

#include "Device.h"

#define DEVICE_TYPE_OPENVSWITCH 45000
#define DEVICE_TRANSACT ((ULONG)CTL_CODE(DEVICE_TYPE_OPENVSWITCH, 0x105, METHOD_OUT_DIRECT, FILE_WRITE_ACCESS))
_Static_assert(DEVICE_TRANSACT == 0xafc88416, "control code");

// One opening of the device.
struct OpenHandle {
  LIST_ENTRY link;
  ULONG number;
  PIRP waiting[DEVICE_AWAITED_COUNT];
};

static struct {
  NDIS_HANDLE handle;
  PDEVICE_OBJECT object;
  LIST_ENTRY open;
} device;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
  irp->IoStatus.Status = status;
  irp->IoStatus.Information = information;
  IoCompleteRequest(irp, IO_NO_INCREMENT);
  return status;
}

// MARK: Requests that wait

// Under the control lock: the request, if it is ours to complete. If not, it is being cancelled.
static PIRP takeWaiting(struct OpenHandle *handle, ULONG awaited) {
  PIRP irp = handle->waiting[awaited];
  handle->waiting[awaited] = NULL;
  return irp && IoSetCancelRoutine(irp, NULL) ? irp : NULL;
}

static VOID NTAPI cancelWaiting(PDEVICE_OBJECT object, PIRP irp) {
  (void)object;
  IoReleaseCancelSpinLock(irp->CancelIrql);
  KIRQL level = ControlAcquire();
  for (LIST_ENTRY *link = device.open.Flink; link != &device.open; link = link->Flink) {
    struct OpenHandle *handle = CONTAINING_RECORD(link, struct OpenHandle, link);
    for (ULONG awaited = 0; awaited < DEVICE_AWAITED_COUNT; awaited++) {
      if (handle->waiting[awaited] != irp) continue;
      handle->waiting[awaited] = NULL;
      ExtensionDeviceCancel(driver.extension, handle->number, awaited);
    }
  }
  ControlRelease(level);
  complete(irp, STATUS_CANCELLED, 0);
}

// Under the control lock: keeps a request; false if it has been cancelled already, and is the caller's again.
static BOOLEAN keepWaiting(struct OpenHandle *handle, ULONG awaited, PIRP irp) {
  IoMarkIrpPending(irp);
  handle->waiting[awaited] = irp;
  IoSetCancelRoutine(irp, cancelWaiting);
  if (!irp->Cancel || !IoSetCancelRoutine(irp, NULL)) return TRUE;
  handle->waiting[awaited] = NULL;
  ExtensionDeviceCancel(driver.extension, handle->number, awaited);
  return FALSE;
}

static struct OpenHandle *handleNumbered(ULONG number) {
  for (LIST_ENTRY *link = device.open.Flink; link != &device.open; link = link->Flink) {
    struct OpenHandle *handle = CONTAINING_RECORD(link, struct OpenHandle, link);
    if (handle->number == number) return handle;
  }
  return NULL;
}

void DeviceCompleteWaiting(void) {
  for (;;) {
    PIRP irp = NULL;
    uint32_t number, awaited, status = 0;
    KIRQL level = ControlAcquire();
    while (!irp && ExtensionDeviceNextWakeUp(driver.extension, &number, &awaited, &status)) {
      struct OpenHandle *handle = handleNumbered(number);
      if (handle && awaited < DEVICE_AWAITED_COUNT) irp = takeWaiting(handle, awaited);
    }
    ControlRelease(level);
    if (!irp) return;
    complete(irp, (NTSTATUS)status, 0);
  }
}

// MARK: Handles

static NTSTATUS NTAPI dispatchCreate(PDEVICE_OBJECT object, PIRP irp) {
  (void)object;
  PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
  // There is nothing below the device; a name there would be opened without a look at who may open the device.
  if (file->FileName.Length) return complete(irp, STATUS_OBJECT_NAME_NOT_FOUND, 0);
  void *memory = KernelAllocate(16, sizeof(struct OpenHandle));
  if (!memory) return complete(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
  memset(memory, 0, sizeof(struct OpenHandle));
  struct OpenHandle *handle = memory;
  RequestAcquire();
  KIRQL level = ControlAcquire();
  handle->number = ExtensionDeviceOpen(driver.extension);
  if (handle->number) InsertTailList(&device.open, &handle->link);
  ControlRelease(level);
  RequestRelease();
  if (!handle->number) {
    free(handle);
    return complete(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
  }
  file->FsContext = handle;
  return complete(irp, STATUS_SUCCESS, 0);
}

// Ends what belongs to a handle: at cleanup, when user mode has closed it, and again at close, when there is nothing left to do.
static void endHandle(struct OpenHandle *handle) {
  PIRP waiting[DEVICE_AWAITED_COUNT];
  RequestAcquire();
  KIRQL level = ControlAcquire();
  for (ULONG awaited = 0; awaited < DEVICE_AWAITED_COUNT; awaited++) waiting[awaited] = takeWaiting(handle, awaited);
  if (handle->number) {
    RemoveEntryList(&handle->link);
    ExtensionDeviceClose(driver.extension, handle->number);
  }
  handle->number = 0;
  ControlRelease(level);
  RequestRelease();
  for (ULONG awaited = 0; awaited < DEVICE_AWAITED_COUNT; awaited++) {
    if (waiting[awaited]) complete(waiting[awaited], STATUS_CANCELLED, 0);
  }
  // What the extension still wanted to wake of this handle is gone.
  DeviceCompleteWaiting();
}

static NTSTATUS NTAPI dispatchCleanup(PDEVICE_OBJECT object, PIRP irp) {
  (void)object;
  struct OpenHandle *handle = IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext;
  if (handle) endHandle(handle);
  return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI dispatchClose(PDEVICE_OBJECT object, PIRP irp) {
  (void)object;
  PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
  struct OpenHandle *handle = file->FsContext;
  file->FsContext = NULL;
  if (handle) {
    endHandle(handle);
    free(handle);
  }
  return complete(irp, STATUS_SUCCESS, 0);
}

// MARK: Control requests

// Finds a request's buffers. The input is the I/O manager's copy; the output is that copy too, or the caller's memory, locked
// and mapped.
static NTSTATUS findBuffers(PIRP irp, struct DeviceRequest *request) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
  request->code = stack->Parameters.DeviceIoControl.IoControlCode;
  request->input = irp->AssociatedIrp.SystemBuffer;
  request->inputByteCount = request->input ? stack->Parameters.DeviceIoControl.InputBufferLength : 0;
  request->outputCapacity = stack->Parameters.DeviceIoControl.OutputBufferLength;
  if (!request->outputCapacity) return STATUS_SUCCESS;
  switch (request->code & 3) {
    case METHOD_BUFFERED:
      request->output = irp->AssociatedIrp.SystemBuffer;
      break;
    case METHOD_OUT_DIRECT:
      if (irp->MdlAddress) {
        request->output = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority | MDL_MAPPING_NO_EXECUTE);
      }
      if (!request->output) return STATUS_INSUFFICIENT_RESOURCES;
      break;
    default:
      // The output of an in-direct request is more input, which none of ours has.
      break;
  }
  if (!request->output) request->outputCapacity = 0;
  return STATUS_SUCCESS;
}

struct ControlCall {
  PIRP irp;
  struct OpenHandle *handle;
  struct DeviceRequest request;
  NTSTATUS status;
  BOOLEAN isKept;
};

// What takes much stack; called on a large one, under the requests' lock.
static VOID NTAPI control(PVOID context) {
  struct ControlCall *call = context;
  call->request.handle = call->handle->number;
  call->request.pipeline = call->handle->number % driver.pipelineCount;
  call->status = (NTSTATUS)ExtensionDeviceControl(driver.extension, &call->request);
  if (call->status != STATUS_PENDING) return;
  // The control lock is held since it was seen that there is nothing yet.
  call->isKept = call->request.awaited < DEVICE_AWAITED_COUNT &&
                 keepWaiting(call->handle, call->request.awaited, call->irp);
  ControlLeave();
}

static NTSTATUS NTAPI dispatchControl(PDEVICE_OBJECT object, PIRP irp) {
  (void)object;
  struct ControlCall call;
  memset(&call, 0, sizeof call);
  call.irp = irp;
  call.handle = IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext;
  if (!call.handle) return complete(irp, STATUS_INVALID_HANDLE, 0);
  NTSTATUS status = findBuffers(irp, &call.request);
  if (NT_SUCCESS(status)) {
    RequestAcquire();
    status = KernelCallOnLargeStack(control, &call);
    RequestRelease();
  }
  if (!NT_SUCCESS(status)) return complete(irp, status, 0);
  if (call.status == STATUS_PENDING) {
    // It is marked as pending, so that is what is returned, whatever it is completed with.
    if (!call.isKept) complete(irp, STATUS_CANCELLED, 0);
    return STATUS_PENDING;
  }
  if (call.request.code == DEVICE_TRANSACT) PipelineFlush(call.request.pipeline);
  DeviceCompleteWaiting();
  return complete(irp, call.status, call.request.outputByteCount);
}

// MARK: Beginning and end

NTSTATUS DeviceCreate(NDIS_HANDLE filterDriver) {
  // {91C66E4F-5A4B-4E55-9D7F-6B8C3E0F2A17}, the class under which an administrator may override who opens the device.
  static const GUID classGuid = {0x91c66e4f, 0x5a4b, 0x4e55, {0x9d, 0x7f, 0x6b, 0x8c, 0x3e, 0x0f, 0x2a, 0x17}};
  static UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\OpenvSwitchDevice");
  static UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\OpenvSwitchDevice");
  // The system and administrators, and nobody else.
  static const UNICODE_STRING security = RTL_CONSTANT_STRING(L"D:P(A;;GA;;;SY)(A;;GA;;;BA)");
  PDRIVER_DISPATCH dispatch[IRP_MJ_MAXIMUM_FUNCTION + 1];
  memset(dispatch, 0, sizeof dispatch);
  dispatch[IRP_MJ_CREATE] = dispatchCreate;
  dispatch[IRP_MJ_CLEANUP] = dispatchCleanup;
  dispatch[IRP_MJ_CLOSE] = dispatchClose;
  dispatch[IRP_MJ_DEVICE_CONTROL] = dispatchControl;
  NDIS_DEVICE_OBJECT_ATTRIBUTES attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.Header.Type = NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES;
  attributes.Header.Revision = NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1;
  attributes.Header.Size = NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1;
  attributes.DeviceName = &name;
  attributes.SymbolicName = &link;
  attributes.MajorFunctions = dispatch;
  attributes.DefaultSDDLString = &security;
  attributes.DeviceClassGuid = &classGuid;
  InitializeListHead(&device.open);
  return NdisRegisterDeviceEx(filterDriver, &attributes, &device.object, &device.handle);
}

void DeviceDelete(void) {
  if (device.handle) NdisDeregisterDeviceEx(device.handle);
  device.handle = NULL;
  device.object = NULL;
}

// The driver's beginning and end, its locks and its worker thread.
#include "Driver.h"

#include "Device.h"

struct Driver driver;

// MARK: Locks

// Whoever holds this is not suspended, and is at PASSIVE_LEVEL.
void RequestAcquire(void) {
  KeEnterCriticalRegion();
  KeWaitForSingleObject(&driver.requestLock, Executive, KernelMode, FALSE, NULL);
}

void RequestRelease(void) {
  KeSetEvent(&driver.requestLock, 0, FALSE);
  KeLeaveCriticalRegion();
}

KIRQL ControlAcquire(void) { return KeAcquireSpinLockRaiseToDpc(&driver.controlLock); }

void ControlRelease(KIRQL level) { KeReleaseSpinLock(&driver.controlLock, level); }

void ControlEnter(void) {
  KIRQL level = ControlAcquire();
  driver.controlLevel = level;
}

void ControlLeave(void) { ControlRelease(driver.controlLevel); }

// Called with the control lock held, or under no spin lock.
void PipelineAcquire(uint32_t pipeline) {
  KIRQL level = KeAcquireSpinLockRaiseToDpc(&driver.pipelines[pipeline].lock);
  driver.pipelines[pipeline].level = level;
}

void PipelineRelease(uint32_t pipeline) {
  KeReleaseSpinLock(&driver.pipelines[pipeline].lock, driver.pipelines[pipeline].level);
}

// MARK: The worker

// What the packet path does not do itself: packets for the daemon become messages here, and the tables are kept in order.

#define WORKER_INTERVAL_MILLISECONDS 250
// How often one pipeline's packets are fetched before it is another's turn; about as often as empties its queue.
#define WORKER_DELIVERY_STEPS 32

void WorkerRing(void) { KeSetEvent(&driver.workEvent, 0, FALSE); }

static void deliverUpcalls(void) {
  for (ULONG index = 0; index < driver.pipelineCount; index++) {
    if (!InterlockedExchange(&driver.pipelines[index].hasUpcalls, 0)) continue;
    RequestAcquire();
    uint32_t hasMore = 1;
    for (ULONG step = 0; hasMore && step < WORKER_DELIVERY_STEPS; step++)
      hasMore = ExtensionDeliver(driver.extension, index);
    RequestRelease();
    // The others first.
    if (hasMore && !InterlockedExchange(&driver.pipelines[index].hasUpcalls, 1)) WorkerRing();
  }
  // Handlers of the switches' requests leave it to this thread, which has a stack of its own.
  KIRQL level = ControlAcquire();
  ExtensionAnnounce(driver.extension);
  ControlRelease(level);
  DeviceCompleteWaiting();
}

static VOID NTAPI work(PVOID context) {
  ULONG64 last = KernelMilliseconds();
  (void)context;
  while (!driver.isStopping) {
    LARGE_INTEGER interval = {.QuadPart = -10000LL * WORKER_INTERVAL_MILLISECONDS};
    KeWaitForSingleObject(&driver.workEvent, Executive, KernelMode, FALSE, &interval);
    ModulesCompletePauses();
    deliverUpcalls();
    ULONG64 now = KernelMilliseconds();
    if (now - last >= WORKER_INTERVAL_MILLISECONDS) {
      last = now;
      RequestAcquire();
      ExtensionMaintain(driver.extension);
      RequestRelease();
    }
  }
  PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS startWorker(void) {
  HANDLE handle;
  KeInitializeEvent(&driver.workEvent, SynchronizationEvent, FALSE);
  NTSTATUS status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, work, NULL);
  if (!NT_SUCCESS(status)) return status;
  status = ObReferenceObjectByHandle(handle, SYNCHRONIZE, NULL, KernelMode, &driver.thread, NULL);
  ZwClose(handle);
  return status;
}

static void stopWorker(void) {
  if (!driver.thread) return;
  driver.isStopping = 1;
  WorkerRing();
  KeWaitForSingleObject(driver.thread, Executive, KernelMode, FALSE, NULL);
  ObDereferenceObject(driver.thread);
  driver.thread = NULL;
}

// MARK: Beginning and end

static NTSTATUS createPipelines(void) {
  ULONG count = KeQueryActiveProcessorCount(NULL);
  // Where memory is short for one each, processors share.
  driver.pipelineCount = KernelHeapStart(
      count == 0 ? 1 : count > DRIVER_MAXIMUM_PIPELINE_COUNT ? DRIVER_MAXIMUM_PIPELINE_COUNT : count);
  if (!driver.pipelineCount) return STATUS_INSUFFICIENT_RESOURCES;
  SIZE_T size = driver.pipelineCount * sizeof(struct Pipeline);
  void *memory = KernelAllocate(64, size);
  if (!memory) return STATUS_INSUFFICIENT_RESOURCES;
  memset(memory, 0, size);
  driver.pipelines = memory;
  for (ULONG index = 0; index < driver.pipelineCount; index++) KeInitializeSpinLock(&driver.pipelines[index].lock);
  KeInitializeSpinLock(&driver.controlLock);
  KeInitializeEvent(&driver.requestLock, SynchronizationEvent, TRUE);
  return STATUS_SUCCESS;
}

// NDIS calls this while it registers the driver, before it attaches it anywhere.
static NDIS_STATUS NTAPI setOptions(NDIS_HANDLE filterDriver, NDIS_HANDLE context) {
  (void)filterDriver, (void)context;
  NTSTATUS status = createPipelines();
  if (NT_SUCCESS(status)) {
    driver.extension = ExtensionCreate(driver.pipelineCount, KernelRandom());
    if (!driver.extension) status = STATUS_INSUFFICIENT_RESOURCES;
  }
  if (NT_SUCCESS(status)) status = startWorker();
  driver.isPrepared = NT_SUCCESS(status);
  return (NDIS_STATUS)status;
}

static NTSTATUS registerFilter(void) {
  // The identifiers of openvswitch.inf.
  static const UNICODE_STRING unique = RTL_CONSTANT_STRING(L"{BEF579F1-F307-4D5E-AAF5-99A667FB847C}");
  static const UNICODE_STRING service = RTL_CONSTANT_STRING(L"OVSExt");
  NDIS_FILTER_DRIVER_CHARACTERISTICS c;
  memset(&c, 0, sizeof c);
  c.Header.Type = NDIS_OBJECT_TYPE_FILTER_DRIVER_CHARACTERISTICS;
  c.Header.Revision = NDIS_FILTER_CHARACTERISTICS_REVISION_2;
  c.Header.Size = NDIS_SIZEOF_FILTER_DRIVER_CHARACTERISTICS_REVISION_2;
  c.MajorNdisVersion = 6;
  c.MinorNdisVersion = 30;
  c.MajorDriverVersion = 1;
  c.FriendlyName = extensionName;
  c.UniqueName = unique;
  c.ServiceName = service;
  c.SetOptionsHandler = setOptions;
  c.AttachHandler = FilterAttach;
  c.DetachHandler = FilterDetach;
  c.RestartHandler = FilterRestart;
  c.PauseHandler = FilterPause;
  c.SendNetBufferListsHandler = FilterSendNetBufferLists;
  c.SendNetBufferListsCompleteHandler = FilterSendNetBufferListsComplete;
  c.CancelSendNetBufferListsHandler = FilterCancelSendNetBufferLists;
  c.OidRequestHandler = FilterOidRequest;
  c.OidRequestCompleteHandler = FilterOidRequestComplete;
  c.CancelOidRequestHandler = FilterCancelOidRequest;
  c.NetPnPEventHandler = FilterNetPnPEvent;
  // Without handlers for receives, returns and statuses NDIS leaves this driver out of those paths.
  return NdisFRegisterFilterDriver(driver.object, (NDIS_HANDLE)&driver, &c, &driver.filterDriver);
}

static void end(void) {
  stopWorker();
  if (driver.extension) ExtensionDestroy(driver.extension);
  driver.extension = NULL;
  if (driver.pipelines) free(driver.pipelines);
  driver.pipelines = NULL;
  KernelHeapEnd();
}

static VOID NTAPI unload(PDRIVER_OBJECT object) {
  (void)object;
  DeviceDelete();
  if (driver.filterDriver) NdisFDeregisterFilterDriver(driver.filterDriver);
  driver.filterDriver = NULL;
  end();
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT object, PUNICODE_STRING path) {
  (void)path;
  memset(&driver, 0, sizeof driver);
  driver.object = object;
  object->DriverUnload = unload;
  KernelStart();
  NTSTATUS status = registerFilter();
  if (NT_SUCCESS(status) && !driver.isPrepared) status = STATUS_INSUFFICIENT_RESOURCES;
  if (NT_SUCCESS(status)) status = DeviceCreate(driver.filterDriver);
  if (!NT_SUCCESS(status)) {
    if (driver.filterDriver) NdisFDeregisterFilterDriver(driver.filterDriver);
    end();
  }
  return status;
}

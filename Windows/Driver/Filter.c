// Filter modules: attach, restart, pause, detach, and what a switch tells when it comes to life.
#include "Driver.h"

UNICODE_STRING extensionName = RTL_CONSTANT_STRING(L"Open vSwitch Extension");

// MARK: Who may still send

// Every call counts, even one that finds the module paused and only gives back what it was given: until it is out again
// the module has not paused.
void ModuleEnter(struct Module *module) { InterlockedExchangeAdd64(&module->activity, MODULE_ONE); }

LONG64 ModuleActivityCount(const struct Module *module) { return module->activity / MODULE_ONE; }

BOOLEAN ModuleRuns(const struct Module *module) { return (module->activity & MODULE_STATE_MASK) == moduleRunning; }

BOOLEAN ModuleAcquire(struct Module *module) {
  ModuleEnter(module);
  if (ModuleRuns(module)) return TRUE;
  ModuleRelease(module);
  return FALSE;
}

// Whoever gives up the last of the count while the module pauses ends the pause with it, and nobody else does: another call
// may come and go in between, and NDIS may detach the module as soon as it is told.
void ModuleRelease(struct Module *module) {
  LONG64 before, after;
  do {
    before = module->activity;
    after = before == (MODULE_ONE | modulePausing) ? modulePauseOver : before - MODULE_ONE;
  } while (InterlockedCompareExchange64(&module->activity, after, before) != before);
  // The caller may hold a lock; the worker says it.
  if (before == (MODULE_ONE | modulePausing)) WorkerRing();
}

// A module cannot go before NDIS was told of its pause. Under the lock no other one goes.
void ModulesCompletePauses(void) {
  NDIS_HANDLE paused[DRIVER_MAXIMUM_SWITCH_COUNT];
  ULONG count = 0;
  KIRQL level = ControlAcquire();
  for (ULONG number = 0; number < DRIVER_MAXIMUM_SWITCH_COUNT; number++) {
    struct Module *module = driver.modules[number];
    if (!module || (module->activity & MODULE_STATE_MASK) != modulePauseOver) continue;
    // Calls that find the module paused may be in it.
    InterlockedExchangeAdd64(&module->activity, modulePaused - modulePauseOver);
    paused[count++] = module->filterHandle;
  }
  ControlRelease(level);
  while (count) NdisFPauseComplete(paused[--count]);
}

// MARK: Attach and detach

// Who reads `driver.modules`, and why what he finds stays.
//  - The worker, under the control lock, under which a module's place is emptied before it is freed.
//  - Who departs (PacketsDepart), under a pipeline's lock, for a switch that the pipeline's map names. The map names it
//    from ExtensionAttach, which is the last that may fail of an attach, to ExtensionDetach, which takes the lock of each
//    pipeline. Whoever has read before that is in a send, which `leave` waits for; what he sent counts in the module, which
//    NDIS does not detach until it has paused.
static ULONG reserveNumber(struct Module *module) {
  for (ULONG number = 0; number < DRIVER_MAXIMUM_SWITCH_COUNT; number++) {
    if (InterlockedCompareExchangePointer((PVOID volatile *)&driver.modules[number], module, NULL) == NULL)
      return number;
  }
  return DRIVER_MAXIMUM_SWITCH_COUNT;
}

static void freeModule(struct Module *module) {
  KIRQL level = ControlAcquire();
  if (module->switchID < DRIVER_MAXIMUM_SWITCH_COUNT) driver.modules[module->switchID] = NULL;
  ControlRelease(level);
  if (module->listPool) NdisFreeNetBufferListPool(module->listPool);
  free(module);
}

static BOOLEAN createPool(struct Module *module) {
  NET_BUFFER_LIST_POOL_PARAMETERS parameters;
  memset(&parameters, 0, sizeof parameters);
  parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
  parameters.Header.Revision = NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
  parameters.Header.Size = NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
  parameters.ProtocolId = NDIS_PROTOCOL_ID_DEFAULT;
  parameters.fAllocateNetBuffer = TRUE;
  parameters.PoolTag = DRIVER_TAG;
  module->listPool = NdisAllocateNetBufferListPool(module->filterHandle, &parameters);
  return module->listPool != NULL;
}

static NDIS_STATUS attach(struct Module *module, NDIS_HANDLE filterHandle, PNDIS_FILTER_ATTACH_PARAMETERS parameters) {
  if (parameters->MiniportMediaType != NdisMedium802_3) return NDIS_STATUS_UNSUPPORTED_MEDIA;
  module->filterHandle = filterHandle;
  KeInitializeSpinLock(&module->pendingLock);
  module->handlers.Header.Type = NDIS_OBJECT_TYPE_SWITCH_OPTIONAL_HANDLERS;
  module->handlers.Header.Revision = NDIS_SWITCH_OPTIONAL_HANDLERS_REVISION_1;
  module->handlers.Header.Size = NDIS_SIZEOF_SWITCH_OPTIONAL_HANDLERS_REVISION_1;
  NDIS_STATUS status = NdisFGetOptionalSwitchHandlers(filterHandle, &module->switchContext, &module->handlers);
  if (status != NDIS_STATUS_SUCCESS) return status;
  if (!createPool(module)) return NDIS_STATUS_RESOURCES;
  if (parameters->FilterModuleGuidName) {
    USHORT length = parameters->FilterModuleGuidName->Length;
    if (length > sizeof module->guidText) length = sizeof module->guidText;
    memcpy(module->guidText, parameters->FilterModuleGuidName->Buffer, length);
    module->guid.Length = module->guid.MaximumLength = length;
  }
  module->guid.Buffer = module->guidText;
  module->switchID = reserveNumber(module);
  if (module->switchID == DRIVER_MAXIMUM_SWITCH_COUNT) return NDIS_STATUS_RESOURCES;
  NDIS_FILTER_ATTRIBUTES attributes = {
      .Header = {NDIS_OBJECT_TYPE_FILTER_ATTRIBUTES, NDIS_FILTER_ATTRIBUTES_REVISION_1,
                 NDIS_SIZEOF_FILTER_ATTRIBUTES_REVISION_1}};
  status = NdisFSetAttributes(filterHandle, module, &attributes);
  if (status != NDIS_STATUS_SUCCESS) return status;
  KIRQL level = ControlAcquire();
  uint32_t verdict = ExtensionAttach(driver.extension, module->switchID);
  ControlRelease(level);
  return verdict == extensionDone ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}

NDIS_STATUS NTAPI FilterAttach(
    NDIS_HANDLE filterHandle, NDIS_HANDLE driverContext, PNDIS_FILTER_ATTACH_PARAMETERS parameters) {
  (void)driverContext;
  void *memory = KernelAllocate(16, sizeof(struct Module));
  if (!memory) return NDIS_STATUS_RESOURCES;
  struct Module *module = memory;
  memset(module, 0, sizeof *module);
  module->switchID = DRIVER_MAXIMUM_SWITCH_COUNT;
  module->activity = modulePaused;
  NDIS_STATUS status = attach(module, filterHandle, parameters);
  if (status != NDIS_STATUS_SUCCESS) freeModule(module);
  return status;
}

// Forgets the switch, and gives back what is held of it. From then on its requests pass unseen, and its packets are nobody's.
static void leave(struct Module *module) {
  KIRQL level = ControlAcquire();
  BOOLEAN wasLeaving = module->isLeaving;
  module->isLeaving = TRUE;
  if (!wasLeaving) ExtensionDetach(driver.extension, module->switchID);
  ControlRelease(level);
  if (wasLeaving) return;
  // Whoever had found this module before the switch was forgotten is done with it now.
  PipelinesQuiesce();
  ReferencesGiveBackAll(module);
}

VOID NTAPI FilterDetach(NDIS_HANDLE context) {
  struct Module *module = context;
  leave(module);
  freeModule(module);
}

// MARK: What is there already

ULONG InterfaceAlias(const GUID *instance, WCHAR *alias, ULONG byteCapacity) {
  static const WCHAR prefix[] =
      L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\Network\\{4D36E972-E325-11CE-BFC1-08002BE10318}\\{";
  static const WCHAR suffix[] = L"}\\Connection";
  static const WCHAR digits[] = L"0123456789ABCDEF";
  static const UCHAR order[] = {3, 2, 1, 0, 0xff, 5, 4, 0xff, 7, 6, 0xff, 8, 9, 0xff, 10, 11, 12, 13, 14, 15};
  WCHAR path[160];
  ULONG length = 0;
  const UCHAR *bytes = (const UCHAR *)instance;
  UCHAR any = 0;
  for (ULONG index = 0; index < sizeof *instance; index++) any |= bytes[index];
  if (!any) return 0;
  for (const WCHAR *c = prefix; *c; c++) path[length++] = *c;
  for (ULONG index = 0; index < sizeof order; index++) {
    if (order[index] == 0xff) {
      path[length++] = L'-';
    } else {
      path[length++] = digits[bytes[order[index]] >> 4];
      path[length++] = digits[bytes[order[index]] & 15];
    }
  }
  for (const WCHAR *c = suffix; *c; c++) path[length++] = *c;
  UNICODE_STRING name = {(USHORT)(length * sizeof(WCHAR)), (USHORT)(length * sizeof(WCHAR)), path};
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
  HANDLE key;
  if (!NT_SUCCESS(ZwOpenKey(&key, KEY_READ, &attributes))) return 0;
  static const UNICODE_STRING value = RTL_CONSTANT_STRING(L"Name");
  UCHAR room[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + 512];
  PKEY_VALUE_PARTIAL_INFORMATION found = (PVOID)room;
  ULONG needed, copied = 0;
  NTSTATUS status =
      ZwQueryValueKey(key, (PUNICODE_STRING)&value, KeyValuePartialInformation, found, sizeof room, &needed);
  if (NT_SUCCESS(status) && found->Type == REG_SZ) {
    copied = found->DataLength < byteCapacity ? found->DataLength : byteCapacity;
    copied &= ~1u;
    memcpy(alias, found->Data, copied);
    while (copied && alias[copied / 2 - 1] == 0) copied -= 2;
  }
  ZwClose(key);
  return copied;
}

// An array of the switch's, and whether it is the last that is asked for. `isUnsure` becomes true if it has to be asked for
// again, since requests passed that changed what it tells.
struct Array {
  PVOID bytes;
  ULONG length;
  BOOLEAN isLast;
  BOOLEAN isUnsure;
};

static uint32_t believe(const struct Module *module, struct Array *array, ULONG port, ULONG index, BOOLEAN isConnected) {
  uint32_t belief = ExtensionBelieve(driver.extension, module->switchID, port, index, isConnected, array->isLast);
  if (belief == extensionUnsure) array->isUnsure = TRUE;
  return belief;
}

static void learnPorts(struct Module *module, struct Array *array) {
  PNDIS_SWITCH_PORT_ARRAY ports = array->bytes;
  for (ULONG index = 0; index < ports->NumElements; index++) {
    ULONG64 end = ports->FirstElementOffset + (ULONG64)ports->ElementSize * index + sizeof(NDIS_SWITCH_PORT_PARAMETERS);
    if (end > array->length) break;
    const NDIS_SWITCH_PORT_PARAMETERS *parameters = NDIS_SWITCH_PORT_AT_ARRAY_INDEX(ports, index);
    if (parameters->IsValidationPort || parameters->PortState != NdisSwitchPortStateCreated) continue;
    struct BorderPort port;
    PortFromParameters(&port, module, parameters);
    KIRQL level = ControlAcquire();
    if (believe(module, array, port.port, EXTENSION_PORT_ITSELF, FALSE) == extensionBelievedPresent) {
      ExtensionPort(driver.extension, extensionLearn, &port);
      // If it is refused, it is asked for again with the first adapter.
      ReferencePort(module, port.port);
    }
    ControlRelease(level);
  }
}

static void learnAdapters(struct Module *module, struct Array *array) {
  PNDIS_SWITCH_NIC_ARRAY adapters = array->bytes;
  for (ULONG index = 0; index < adapters->NumElements; index++) {
    ULONG64 end =
        adapters->FirstElementOffset + (ULONG64)adapters->ElementSize * index + sizeof(NDIS_SWITCH_NIC_PARAMETERS);
    if (end > array->length) break;
    const NDIS_SWITCH_NIC_PARAMETERS *parameters = NDIS_SWITCH_NIC_AT_ARRAY_INDEX(adapters, index);
    BOOLEAN isConnected = parameters->NicState == NdisSwitchNicStateConnected;
    // One that is disconnected is there, and may be connected anew.
    if (!isConnected && parameters->NicState != NdisSwitchNicStateCreated &&
        parameters->NicState != NdisSwitchNicStateDisconnected)
      continue;
    struct BorderAdapter adapter;
    WCHAR alias[256];
    // Its name is looked up before the lock is taken.
    AdapterFromParameters(&adapter, module, parameters, alias, sizeof alias);
    KIRQL level = ControlAcquire();
    uint32_t belief = believe(module, array, adapter.port, adapter.index, isConnected);
    if (belief >= extensionBelievedPresent) {
      BOOLEAN isDestination =
          belief == extensionBelievedConnected && ReferenceAdapter(module, adapter.port, adapter.index);
      ExtensionAdapter(driver.extension, isDestination ? extensionLearnConnected : extensionLearn, &adapter);
    }
    ControlRelease(level);
  }
}

#define LEARN_MAXIMUM_BYTE_COUNT (16u << 20)

// Asks for an array of whatever size it has; the caller frees it.
static NDIS_STATUS queryArray(
    struct Module *module, NDIS_OID oid, UCHAR revision, USHORT headerSize, PVOID *array, ULONG *length) {
  ULONG size = 65536;
  NDIS_STATUS status = NDIS_STATUS_RESOURCES;
  for (ULONG attempt = 0; attempt < 8 && size <= LEARN_MAXIMUM_BYTE_COUNT; attempt++) {
    ULONG needed = 0;
    PNDIS_OBJECT_HEADER header = KernelAllocate(16, size);
    if (!header) return NDIS_STATUS_RESOURCES;
    memset(header, 0, size);
    header->Type = NDIS_OBJECT_TYPE_DEFAULT;
    header->Revision = revision;
    header->Size = headerSize;
    status = OidQuery(module, oid, header, size, &needed);
    *array = header;
    *length = size;
    if (status == NDIS_STATUS_SUCCESS) return status;
    free(header);
    if (status != NDIS_STATUS_INVALID_LENGTH && status != NDIS_STATUS_BUFFER_TOO_SHORT) return status;
    size = needed > size ? needed : size * 2;
  }
  return status;
}

static void setLearning(struct Module *module, BOOLEAN begins) {
  KIRQL level = ControlAcquire();
  ExtensionSetLearning(driver.extension, module->switchID, begins);
  ControlRelease(level);
}

static NDIS_STATUS learnOnce(struct Module *module, BOOLEAN isLast, PBOOLEAN isUnsure) {
  struct Array array = {.isLast = isLast};
  setLearning(module, TRUE);
  NDIS_STATUS status = queryArray(
      module, OID_SWITCH_PORT_ARRAY, NDIS_SWITCH_PORT_ARRAY_REVISION_1, NDIS_SIZEOF_NDIS_SWITCH_PORT_ARRAY_REVISION_1,
      &array.bytes, &array.length);
  if (status != NDIS_STATUS_SUCCESS) return status;
  learnPorts(module, &array);
  free(array.bytes);
  status = queryArray(
      module, OID_SWITCH_NIC_ARRAY, NDIS_SWITCH_NIC_ARRAY_REVISION_1, NDIS_SIZEOF_NDIS_SWITCH_NIC_ARRAY_REVISION_1,
      &array.bytes, &array.length);
  if (status != NDIS_STATUS_SUCCESS) return status;
  learnAdapters(module, &array);
  free(array.bytes);
  *isUnsure = array.isUnsure;
  return status;
}

static void waitMilliseconds(ULONG count) {
  LARGE_INTEGER interval = {.QuadPart = -10000LL * count};
  KeDelayExecutionThread(KernelMode, FALSE, &interval);
}

// How often the arrays are asked for, because requests passed while the switch answered; a third of a second in all.
#define LEARN_MAXIMUM_ATTEMPT_COUNT 24

static NDIS_STATUS learn(struct Module *module) {
  NDIS_STATUS status = NDIS_STATUS_SUCCESS;
  BOOLEAN isUnsure = TRUE;
  // A restart and the switch's becoming active may be told at the same time.
  while (InterlockedCompareExchange(&module->isLearning, 1, 0)) waitMilliseconds(1);
  for (ULONG attempt = 1; isUnsure && status == NDIS_STATUS_SUCCESS && !module->isLeaving; attempt++) {
    BOOLEAN isLast = attempt == LEARN_MAXIMUM_ATTEMPT_COUNT;
    status = learnOnce(module, isLast, &isUnsure);
    if (isLast) break;
    if (isUnsure) waitMilliseconds(attempt);
  }
  setLearning(module, FALSE);
  InterlockedExchange(&module->isLearning, 0);
  WorkerRing();
  return status;
}

static NDIS_STATUS queryActive(struct Module *module, PBOOLEAN isActive) {
  ULONG needed;
  NDIS_SWITCH_PARAMETERS parameters;
  memset(&parameters, 0, sizeof parameters);
  parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
  parameters.Header.Revision = NDIS_SWITCH_PARAMETERS_REVISION_1;
  parameters.Header.Size = NDIS_SIZEOF_NDIS_SWITCH_PARAMETERS_REVISION_1;
  NDIS_STATUS status = OidQuery(module, OID_SWITCH_PARAMETERS, &parameters, sizeof parameters, &needed);
  *isActive = status == NDIS_STATUS_SUCCESS && parameters.IsActive;
  return status;
}

// MARK: Restart and pause

NDIS_STATUS NTAPI FilterRestart(NDIS_HANDLE context, PNDIS_FILTER_RESTART_PARAMETERS parameters) {
  struct Module *module = context;
  BOOLEAN isActive;
  (void)parameters;
  NDIS_STATUS status = queryActive(module, &isActive);
  // A switch that is still coming to life says by NetEventSwitchActivate when it has.
  if (status == NDIS_STATUS_SUCCESS && isActive) status = learn(module);
  if (status != NDIS_STATUS_SUCCESS) return status;
  InterlockedExchangeAdd64(&module->activity, MODULE_ONE + moduleRunning - modulePaused);
  return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS NTAPI FilterPause(NDIS_HANDLE context, PNDIS_FILTER_PAUSE_PARAMETERS parameters) {
  struct Module *module = context;
  (void)parameters;
  LONG64 before, after;
  do {
    before = module->activity;
    if ((before & MODULE_STATE_MASK) != moduleRunning) return NDIS_STATUS_SUCCESS;
    after = before - MODULE_ONE - moduleRunning;
    after += after ? modulePausing : modulePaused;
  } while (InterlockedCompareExchange64(&module->activity, after, before) != before);
  return after ? NDIS_STATUS_PENDING : NDIS_STATUS_SUCCESS;
}

NDIS_STATUS NTAPI FilterNetPnPEvent(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event) {
  struct Module *module = context;
  if (event->NetPnPEvent.NetEvent == NetEventSwitchActivate) learn(module);
  // When the module is detached, the ways to the switch are closed already.
  if (event->NetPnPEvent.NetEvent == NetEventFilterPreDetach) leave(module);
  return NdisFNetPnPEvent(module->filterHandle, event);
}

// Requests of the switch. Each is cloned, looked at, and goes on to whoever is below; what came of it there goes back.
#include "Driver.h"

// MARK: Our own requests

struct OwnRequest {
  NDIS_OID_REQUEST request;
  KEVENT done;
  NDIS_STATUS status;
};

// What a clone remembers, in the two words that are its owner's.
struct CloneMemory {
  PNDIS_OID_REQUEST original;  // NULL: the request is our own
  ULONG_PTR undo;              // what was accepted on the way down and has to go if it fails below
};
_Static_assert(
    sizeof(struct CloneMemory) == sizeof(((PNDIS_OID_REQUEST)0)->SourceReserved), "fits into SourceReserved");

static struct CloneMemory *memoryOf(PNDIS_OID_REQUEST request) { return (PVOID)request->SourceReserved; }

NDIS_STATUS OidQuery(struct Module *module, NDIS_OID oid, PVOID buffer, ULONG length, PULONG needed) {
  struct OwnRequest own;
  memset(&own, 0, sizeof own);
  KeInitializeEvent(&own.done, NotificationEvent, FALSE);
  own.request.Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
  own.request.Header.Revision = NDIS_OID_REQUEST_REVISION_1;
  own.request.Header.Size = NDIS_SIZEOF_OID_REQUEST_REVISION_1;
  own.request.RequestType = NdisRequestQueryInformation;
  own.request.DATA.QUERY_INFORMATION.Oid = oid;
  own.request.DATA.QUERY_INFORMATION.InformationBuffer = buffer;
  own.request.DATA.QUERY_INFORMATION.InformationBufferLength = length;
  own.request.RequestId = &own;
  NDIS_STATUS status = NdisFOidRequest(module->filterHandle, &own.request);
  if (status == NDIS_STATUS_PENDING) {
    KeWaitForSingleObject(&own.done, Executive, KernelMode, FALSE, NULL);
    status = own.status;
  }
  *needed = own.request.DATA.QUERY_INFORMATION.BytesNeeded;
  return status;
}

// MARK: What requests describe

static ULONG nameLength(const IF_COUNTED_STRING *name) {
  ULONG limit = sizeof name->String - sizeof(WCHAR);
  return name->Length > limit ? limit : name->Length & ~1u;
}

void PortFromParameters(
    struct BorderPort *port, const struct Module *module, const NDIS_SWITCH_PORT_PARAMETERS *parameters) {
  port->switchID = module->switchID;
  port->port = parameters->PortId;
  port->type = parameters->PortType;
  port->nameByteCount = nameLength(&parameters->PortFriendlyName);
  port->name = (const uint16_t *)parameters->PortFriendlyName.String;
}

void AdapterFromParameters(
    struct BorderAdapter *adapter, const struct Module *module, const NDIS_SWITCH_NIC_PARAMETERS *parameters,
    WCHAR *alias, ULONG aliasByteCapacity) {
  memset(adapter, 0, sizeof *adapter);
  adapter->switchID = module->switchID;
  adapter->port = parameters->PortId;
  adapter->index = parameters->NicIndex;
  adapter->type = parameters->NicType;
  adapter->nameByteCount = nameLength(&parameters->NicFriendlyName);
  adapter->name = (const uint16_t *)parameters->NicFriendlyName.String;
  adapter->alias = (const uint16_t *)alias;
  if (parameters->NicType == NdisSwitchNicTypeExternal && parameters->NicIndex != NDIS_SWITCH_DEFAULT_NIC_INDEX)
    adapter->aliasByteCount = InterfaceAlias(&parameters->NetCfgInstanceId, alias, aliasByteCapacity);
  for (ULONG index = 0; index < 6; index++)
    adapter->address = adapter->address << 8 | parameters->CurrentMacAddress[index];
  adapter->mtu = parameters->MTU;
}

// MARK: On the way down

static uint32_t tellPort(uint32_t event, const struct BorderPort *port) {
  KIRQL level = ControlAcquire();
  uint32_t verdict = ExtensionPort(driver.extension, event, port);
  ControlRelease(level);
  WorkerRing();
  return verdict;
}

static uint32_t tellAdapter(uint32_t event, const struct BorderAdapter *adapter) {
  KIRQL level = ControlAcquire();
  uint32_t verdict = ExtensionAdapter(driver.extension, event, adapter);
  ControlRelease(level);
  WorkerRing();
  return verdict;
}

// What goes is first forgotten by every engine; then those who had chosen it for a packet have handed the packet over; then it
// is given back, and the request goes on.
static void endPort(struct Module *module, uint32_t event, const struct BorderPort *port) {
  KIRQL level = ControlAcquire();
  ReferencesBeginEnd(module, port->port, REFERENCE_PORT);
  ExtensionPort(driver.extension, event, port);
  ControlRelease(level);
  WorkerRing();
  PipelinesQuiesce();
  level = ControlAcquire();
  ReferencesGiveBack(module, port->port, REFERENCE_PORT);
  ControlRelease(level);
}

static void endAdapter(struct Module *module, uint32_t event, const struct BorderAdapter *adapter) {
  KIRQL level = ControlAcquire();
  ReferencesBeginEnd(module, adapter->port, adapter->index);
  ExtensionAdapter(driver.extension, event, adapter);
  ControlRelease(level);
  WorkerRing();
  PipelinesQuiesce();
  level = ControlAcquire();
  ReferencesGiveBack(module, adapter->port, adapter->index);
  ControlRelease(level);
}

static NDIS_STATUS portRequest(struct Module *module, PNDIS_OID_REQUEST request, PBOOLEAN isCreated) {
  const NDIS_SWITCH_PORT_PARAMETERS *parameters = request->DATA.SET_INFORMATION.InformationBuffer;
  if (!parameters ||
      request->DATA.SET_INFORMATION.InformationBufferLength < NDIS_SIZEOF_NDIS_SWITCH_PORT_PARAMETERS_REVISION_1)
    return NDIS_STATUS_SUCCESS;
  struct BorderPort port;
  PortFromParameters(&port, module, parameters);
  switch (request->DATA.SET_INFORMATION.Oid) {
    case OID_SWITCH_PORT_CREATE: {
      // A validation port is there to see whether it could be made; no packet comes by it.
      if (parameters->IsValidationPort) return NDIS_STATUS_SUCCESS;
      if (!KernelHeapRoom()) return NDIS_STATUS_RESOURCES;
      uint32_t verdict = tellPort(extensionCreate, &port);
      // It may have been learnt before; if it fails below it is not there.
      *isCreated = verdict != extensionVetoed;
      return verdict == extensionVetoed ? NDIS_STATUS_DATA_NOT_ACCEPTED : NDIS_STATUS_SUCCESS;
    }
    case OID_SWITCH_PORT_TEARDOWN: endPort(module, extensionTearDown, &port); break;
    case OID_SWITCH_PORT_DELETE: endPort(module, extensionDelete, &port); break;
  }
  return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS adapterRequest(struct Module *module, PNDIS_OID_REQUEST request, PBOOLEAN isCreated) {
  const NDIS_SWITCH_NIC_PARAMETERS *parameters = request->DATA.SET_INFORMATION.InformationBuffer;
  if (!parameters ||
      request->DATA.SET_INFORMATION.InformationBufferLength < NDIS_SIZEOF_NDIS_SWITCH_NIC_PARAMETERS_REVISION_1)
    return NDIS_STATUS_SUCCESS;
  struct BorderAdapter adapter;
  WCHAR alias[256];
  AdapterFromParameters(&adapter, module, parameters, alias, sizeof alias);
  switch (request->DATA.SET_INFORMATION.Oid) {
    case OID_SWITCH_NIC_CREATE: {
      if (!KernelHeapRoom()) return NDIS_STATUS_RESOURCES;
      uint32_t verdict = tellAdapter(extensionCreate, &adapter);
      // It may have been learnt before; if it fails below it is not there.
      *isCreated = verdict != extensionVetoed;
      return verdict == extensionVetoed ? NDIS_STATUS_DATA_NOT_ACCEPTED : NDIS_STATUS_SUCCESS;
    }
    case OID_SWITCH_NIC_UPDATED: tellAdapter(extensionUpdate, &adapter); break;
    case OID_SWITCH_NIC_DISCONNECT: endAdapter(module, extensionDisconnect, &adapter); break;
    case OID_SWITCH_NIC_DELETE: endAdapter(module, extensionDelete, &adapter); break;
  }
  return NDIS_STATUS_SUCCESS;
}

// MARK: What is learnt at the same time

// Which port or adapter a request is about, and what it says of it when it begins, and when it has succeeded or failed.
struct Statement {
  ULONG port;
  ULONG index;
  uint32_t atFirst, done, failed;
};

static BOOLEAN statementOf(PNDIS_OID_REQUEST request, struct Statement *statement) {
  if (request->RequestType != NdisRequestSetInformation) return FALSE;
  const void *buffer = request->DATA.SET_INFORMATION.InformationBuffer;
  ULONG length = request->DATA.SET_INFORMATION.InformationBufferLength;
  switch (request->DATA.SET_INFORMATION.Oid) {
#define SAYS(oid, index, ...) \
  case oid: *statement = (struct Statement){0, index, __VA_ARGS__}; break
    SAYS(OID_SWITCH_PORT_CREATE, EXTENSION_PORT_ITSELF, extensionPresent, extensionPresent, extensionGone);
    SAYS(OID_SWITCH_PORT_UPDATED, EXTENSION_PORT_ITSELF, extensionUnsaid, extensionUnsaid, extensionUnsaid);
    SAYS(OID_SWITCH_PORT_TEARDOWN, EXTENSION_PORT_ITSELF, extensionGone, extensionGone, extensionGone);
    SAYS(OID_SWITCH_PORT_DELETE, EXTENSION_PORT_ITSELF, extensionGone, extensionGone, extensionGone);
    SAYS(OID_SWITCH_NIC_CREATE, 0, extensionPresent, extensionPresent, extensionGone);
    SAYS(OID_SWITCH_NIC_UPDATED, 0, extensionUnsaid, extensionUnsaid, extensionUnsaid);
    SAYS(OID_SWITCH_NIC_CONNECT, 0, extensionPresent, extensionConnected, extensionPresent);
    SAYS(OID_SWITCH_NIC_DISCONNECT, 0, extensionPresent, extensionPresent, extensionPresent);
    SAYS(OID_SWITCH_NIC_DELETE, 0, extensionGone, extensionGone, extensionGone);
#undef SAYS
    default: return FALSE;
  }
  BOOLEAN isPort = statement->index == EXTENSION_PORT_ITSELF;
  if (!buffer || length < (isPort ? NDIS_SIZEOF_NDIS_SWITCH_PORT_PARAMETERS_REVISION_1
                                  : NDIS_SIZEOF_NDIS_SWITCH_NIC_PARAMETERS_REVISION_1))
    return FALSE;
  if (isPort) {
    const NDIS_SWITCH_PORT_PARAMETERS *parameters = buffer;
    statement->port = parameters->PortId;
    return !parameters->IsValidationPort;
  }
  const NDIS_SWITCH_NIC_PARAMETERS *parameters = buffer;
  statement->port = parameters->PortId;
  statement->index = parameters->NicIndex;
  return TRUE;
}

static void noteBegin(struct Module *module, PNDIS_OID_REQUEST request) {
  struct Statement statement;
  if (!statementOf(request, &statement)) return;
  KIRQL level = ControlAcquire();
  ExtensionNoteRequest(
      driver.extension, module->switchID, statement.port, statement.index, statement.atFirst, FALSE);
  ControlRelease(level);
}

static void noteEnd(struct Module *module, PNDIS_OID_REQUEST request, NDIS_STATUS status) {
  struct Statement statement;
  if (!statementOf(request, &statement)) return;
  KIRQL level = ControlAcquire();
  ExtensionNoteRequest(
      driver.extension, module->switchID, statement.port, statement.index,
      status == NDIS_STATUS_SUCCESS ? statement.done : statement.failed, TRUE);
  ControlRelease(level);
}

// {BEF579F1-F307-4D5E-AAF5-99A667FB847C}: whose saved state is ours.
static const GUID extensionID = {0xbef579f1, 0xf307, 0x4d5e, {0xaa, 0xf5, 0x99, 0xa6, 0x67, 0xfb, 0x84, 0x7c}};

static BOOLEAN isOurs(const GUID *id) { return memcmp(id, &extensionID, sizeof extensionID) == 0; }

// Says whose data it is. The switch reads the class of what is saved from it too; ours has none.
static void setExtension(PNDIS_SWITCH_NIC_SAVE_STATE state) {
  state->ExtensionId = extensionID;
  memset(&state->FeatureClassId, 0, sizeof state->FeatureClassId);
  USHORT length = extensionName.Length;
  memcpy(state->ExtensionFriendlyName.String, extensionName.Buffer, length);
  state->ExtensionFriendlyName.String[length / sizeof(WCHAR)] = 0;
  state->ExtensionFriendlyName.Length = length;
}

// Where the data begins; the switch says it, and nobody else.
static ULONG dataOffset(const NDIS_SWITCH_NIC_SAVE_STATE *state) {
  return state->SaveDataOffset ? state->SaveDataOffset : sizeof *state;
}

// Whether the request ends here: then it carries what is saved of an adapter.
static BOOLEAN save(struct Module *module, PNDIS_OID_REQUEST request, NDIS_STATUS *status) {
  PNDIS_SWITCH_NIC_SAVE_STATE state = request->DATA.METHOD_INFORMATION.InformationBuffer;
  ULONG length = request->DATA.METHOD_INFORMATION.OutputBufferLength;
  if (!state || request->RequestType != NdisRequestMethod || length < sizeof *state) return FALSE;
  ULONG offset = dataOffset(state);
  ULONG room = offset < length ? length - offset : 0;
  if (room > state->SaveDataSize && state->SaveDataSize) room = state->SaveDataSize;
  UCHAR bytes[300];
  KIRQL level = ControlAcquire();
  // The switch asks again until every extension has passed the request on.
  ULONG count = ReferenceIsSaved(module, state->PortId, state->NicIndex)
                    ? 0
                    : ExtensionSave(
                          driver.extension, module->switchID, state->PortId, state->NicIndex, bytes, sizeof bytes);
  if (count && count <= sizeof bytes && count <= room)
    ReferenceSetSaved(module, state->PortId, state->NicIndex, TRUE);
  ControlRelease(level);
  if (!count || count > sizeof bytes) return FALSE;
  if (room < count) {
    request->DATA.METHOD_INFORMATION.BytesNeeded = offset + count;
    *status = NDIS_STATUS_BUFFER_TOO_SHORT;
    return TRUE;
  }
  setExtension(state);
  state->SaveDataSize = (USHORT)count;
  memcpy((PUCHAR)state + offset, bytes, count);
  request->DATA.METHOD_INFORMATION.BytesWritten = offset + count;
  *status = NDIS_STATUS_SUCCESS;
  return TRUE;
}

static void concludeSave(struct Module *module, PNDIS_OID_REQUEST request) {
  const NDIS_SWITCH_NIC_SAVE_STATE *state = request->DATA.SET_INFORMATION.InformationBuffer;
  if (!state || request->DATA.SET_INFORMATION.InformationBufferLength < sizeof *state) return;
  KIRQL level = ControlAcquire();
  ReferenceSetSaved(module, state->PortId, state->NicIndex, FALSE);
  ControlRelease(level);
}

static BOOLEAN restore(struct Module *module, PNDIS_OID_REQUEST request, NDIS_STATUS *status) {
  const NDIS_SWITCH_NIC_SAVE_STATE *state = request->DATA.SET_INFORMATION.InformationBuffer;
  ULONG length = request->DATA.SET_INFORMATION.InformationBufferLength;
  if (!state || length < sizeof *state || !isOurs(&state->ExtensionId)) return FALSE;
  if (dataOffset(state) + state->SaveDataSize > length) {
    *status = NDIS_STATUS_INVALID_LENGTH;
    return TRUE;
  }
  KIRQL level = ControlAcquire();
  ExtensionRestore(
      driver.extension, module->switchID, state->PortId, state->NicIndex, (const UCHAR *)state + dataOffset(state),
      state->SaveDataSize);
  ControlRelease(level);
  request->DATA.SET_INFORMATION.BytesRead = length;
  *status = NDIS_STATUS_SUCCESS;
  return TRUE;
}

// A virtual function would let a machine's packets pass the switch by.
static BOOLEAN refusesNICRequest(PNDIS_OID_REQUEST request) {
  const NDIS_SWITCH_NIC_OID_REQUEST *wrapper = request->DATA.METHOD_INFORMATION.InformationBuffer;
  if (!wrapper || request->DATA.METHOD_INFORMATION.InputBufferLength < NDIS_SIZEOF_NDIS_SWITCH_NIC_OID_REQUEST_REVISION_1)
    return FALSE;
  return wrapper->OidRequest && wrapper->OidRequest->DATA.METHOD_INFORMATION.Oid == OID_NIC_SWITCH_ALLOCATE_VF;
}

// Looks at a request on its way down. TRUE: it ends here, with a status.
static BOOLEAN inspect(struct Module *module, PNDIS_OID_REQUEST request, PBOOLEAN isCreated, NDIS_STATUS *status) {
  *status = NDIS_STATUS_SUCCESS;
  if (module->isLeaving) return FALSE;
  if (request->RequestType == NdisRequestMethod) {
    switch (request->DATA.METHOD_INFORMATION.Oid) {
      case OID_SWITCH_NIC_REQUEST:
        *status = NDIS_STATUS_FAILURE;
        return refusesNICRequest(request);
      case OID_SWITCH_NIC_SAVE: return save(module, request, status);
    }
    return FALSE;
  }
  if (request->RequestType != NdisRequestSetInformation) return FALSE;
  switch (request->DATA.SET_INFORMATION.Oid) {
    case OID_SWITCH_PORT_CREATE:
    case OID_SWITCH_PORT_TEARDOWN:
    case OID_SWITCH_PORT_DELETE: *status = portRequest(module, request, isCreated); break;
    case OID_SWITCH_NIC_CREATE:
    case OID_SWITCH_NIC_UPDATED:
    case OID_SWITCH_NIC_DISCONNECT:
    case OID_SWITCH_NIC_DELETE: *status = adapterRequest(module, request, isCreated); break;
    case OID_SWITCH_NIC_SAVE_COMPLETE: concludeSave(module, request); break;
    case OID_SWITCH_NIC_RESTORE: return restore(module, request, status);
  }
  return *status != NDIS_STATUS_SUCCESS;
}

// MARK: What came of it

static void concludePort(struct Module *module, PNDIS_OID_REQUEST request, BOOLEAN wasCreated, NDIS_STATUS status) {
  const NDIS_SWITCH_PORT_PARAMETERS *parameters = request->DATA.SET_INFORMATION.InformationBuffer;
  if (!parameters ||
      request->DATA.SET_INFORMATION.InformationBufferLength < NDIS_SIZEOF_NDIS_SWITCH_PORT_PARAMETERS_REVISION_1)
    return;
  struct BorderPort port;
  PortFromParameters(&port, module, parameters);
  KIRQL level = ControlAcquire();
  if (request->DATA.SET_INFORMATION.Oid == OID_SWITCH_PORT_UPDATED) {
    if (status == NDIS_STATUS_SUCCESS) ExtensionPort(driver.extension, extensionUpdate, &port);
  } else if (status == NDIS_STATUS_SUCCESS) {
    // If it is refused, it is asked for again with the first adapter.
    if (!parameters->IsValidationPort) ReferencePort(module, port.port);
  } else if (wasCreated) {
    ExtensionPort(driver.extension, extensionUndo, &port);
    ReferencesGiveBack(module, port.port, REFERENCE_PORT);
  }
  ControlRelease(level);
  WorkerRing();
}

static void concludeAdapter(struct Module *module, PNDIS_OID_REQUEST request, BOOLEAN wasCreated, NDIS_STATUS status) {
  const NDIS_SWITCH_NIC_PARAMETERS *parameters = request->DATA.SET_INFORMATION.InformationBuffer;
  if (!parameters ||
      request->DATA.SET_INFORMATION.InformationBufferLength < NDIS_SIZEOF_NDIS_SWITCH_NIC_PARAMETERS_REVISION_1)
    return;
  struct BorderAdapter adapter = {
      .switchID = module->switchID, .port = parameters->PortId, .index = parameters->NicIndex};
  KIRQL level = ControlAcquire();
  if (request->DATA.SET_INFORMATION.Oid == OID_SWITCH_NIC_CONNECT) {
    if (status == NDIS_STATUS_SUCCESS && ReferenceAdapter(module, adapter.port, adapter.index))
      ExtensionAdapter(driver.extension, extensionConnect, &adapter);
  } else if (wasCreated && status != NDIS_STATUS_SUCCESS) {
    ExtensionAdapter(driver.extension, extensionUndo, &adapter);
    ReferencesGiveBack(module, adapter.port, adapter.index);
  }
  ControlRelease(level);
  WorkerRing();
}

// What changes only once the switch itself has agreed, or has to be undone because it did not.
static void conclude(struct Module *module, PNDIS_OID_REQUEST request, BOOLEAN wasCreated, NDIS_STATUS status) {
  if (request->RequestType != NdisRequestSetInformation) return;
  switch (request->DATA.SET_INFORMATION.Oid) {
    case OID_SWITCH_PORT_CREATE:
    case OID_SWITCH_PORT_UPDATED: concludePort(module, request, wasCreated, status); break;
    case OID_SWITCH_NIC_CREATE:
    case OID_SWITCH_NIC_CONNECT: concludeAdapter(module, request, wasCreated, status); break;
    case OID_SWITCH_NIC_DISCONNECT:
    case OID_SWITCH_NIC_DELETE:
    case OID_SWITCH_PORT_TEARDOWN:
    case OID_SWITCH_PORT_DELETE: {
      KIRQL level = ControlAcquire();
      ReferencesEnd(module);
      ControlRelease(level);
      break;
    }
  }
  noteEnd(module, request, status);
}

static void setPending(struct Module *module, PNDIS_OID_REQUEST clone) {
  KIRQL level = KeAcquireSpinLockRaiseToDpc(&module->pendingLock);
  module->pendingClone = clone;
  KeReleaseSpinLock(&module->pendingLock, level);
}

NDIS_STATUS NTAPI FilterOidRequest(NDIS_HANDLE context, PNDIS_OID_REQUEST request) {
  struct Module *module = context;
  BOOLEAN isCreated = FALSE;
  NDIS_STATUS status;
  noteBegin(module, request);
  if (inspect(module, request, &isCreated, &status)) {
    noteEnd(module, request, status);
    return status;
  }
  PNDIS_OID_REQUEST clone;
  status = NdisAllocateCloneOidRequest(module->filterHandle, request, DRIVER_TAG, &clone);
  if (status != NDIS_STATUS_SUCCESS) clone = NULL;
  if (clone) {
    struct CloneMemory *memory = memoryOf(clone);
    memory->original = request;
    memory->undo = isCreated;
    clone->RequestId = request->RequestId;
    setPending(module, clone);
    status = NdisFOidRequest(module->filterHandle, clone);
    if (status != NDIS_STATUS_PENDING) FilterOidRequestComplete(module, clone, status);
    return NDIS_STATUS_PENDING;
  }
  // It goes no further, so that it does not happen.
  conclude(module, request, isCreated, status);
  return status;
}

// MARK: On the way back

static void copyResult(PNDIS_OID_REQUEST original, PNDIS_OID_REQUEST clone) {
  switch (clone->RequestType) {
    case NdisRequestMethod:
      original->DATA.METHOD_INFORMATION.OutputBufferLength = clone->DATA.METHOD_INFORMATION.OutputBufferLength;
      original->DATA.METHOD_INFORMATION.BytesRead = clone->DATA.METHOD_INFORMATION.BytesRead;
      original->DATA.METHOD_INFORMATION.BytesNeeded = clone->DATA.METHOD_INFORMATION.BytesNeeded;
      original->DATA.METHOD_INFORMATION.BytesWritten = clone->DATA.METHOD_INFORMATION.BytesWritten;
      break;
    case NdisRequestSetInformation:
      original->DATA.SET_INFORMATION.BytesRead = clone->DATA.SET_INFORMATION.BytesRead;
      original->DATA.SET_INFORMATION.BytesNeeded = clone->DATA.SET_INFORMATION.BytesNeeded;
      break;
    default:
      original->DATA.QUERY_INFORMATION.BytesWritten = clone->DATA.QUERY_INFORMATION.BytesWritten;
      original->DATA.QUERY_INFORMATION.BytesNeeded = clone->DATA.QUERY_INFORMATION.BytesNeeded;
      break;
  }
}

VOID NTAPI FilterOidRequestComplete(NDIS_HANDLE context, PNDIS_OID_REQUEST request, NDIS_STATUS status) {
  struct Module *module = context;
  struct CloneMemory memory = *memoryOf(request);
  if (!memory.original) {
    struct OwnRequest *own = CONTAINING_RECORD(request, struct OwnRequest, request);
    own->status = status;
    KeSetEvent(&own->done, 0, FALSE);
    return;
  }
  setPending(module, NULL);
  conclude(module, memory.original, memory.undo != 0, status);
  copyResult(memory.original, request);
  NdisFreeCloneOidRequest(module->filterHandle, request);
  NdisFOidRequestComplete(module->filterHandle, memory.original, status);
}

VOID NTAPI FilterCancelOidRequest(NDIS_HANDLE context, PVOID requestId) {
  struct Module *module = context;
  KIRQL level = KeAcquireSpinLockRaiseToDpc(&module->pendingLock);
  BOOLEAN isPending = module->pendingClone && module->pendingClone->RequestId == requestId;
  KeReleaseSpinLock(&module->pendingLock, level);
  if (isPending) NdisFCancelOidRequest(module->filterHandle, requestId);
}

// Requests: those of the switch on their way down through the driver, and the driver's own queries.
#include "Fake.h"

static BOOLEAN mayBeVetoed(NDIS_OID oid) {
    switch (oid) {
    case OID_SWITCH_PORT_CREATE:
    case OID_SWITCH_NIC_CREATE:
    case OID_SWITCH_PORT_PROPERTY_ADD:
    case OID_SWITCH_PORT_PROPERTY_UPDATE:
    case OID_SWITCH_PROPERTY_ADD:
    case OID_SWITCH_PROPERTY_UPDATE:
    case OID_SWITCH_NIC_REQUEST:
    case OID_SWITCH_NIC_RESTORE:
        return TRUE;
    }
    return FALSE;
}

// What an extension may answer by itself, without the layers below seeing it.
static BOOLEAN mayBeConsumed(NDIS_OID oid) { return oid == OID_SWITCH_NIC_SAVE || oid == OID_SWITCH_NIC_RESTORE; }

static BOOLEAN vetoedBelow(NDIS_OID oid) {
    fakeLock();
    BOOLEAN vetoed = fake.vetoCount && fake.vetoedOID == oid;
    if (vetoed) fake.vetoCount--;
    fakeUnlock();
    return vetoed;
}

static void createBelow(struct FakeSwitch *owner, PNDIS_SWITCH_PORT_PARAMETERS parameters) {
    fakeLock();
    struct FakePort *port = findPort(owner, parameters->PortId);
    if (port) port->created = TRUE;
    fakeUnlock();
}

static void tearDownBelow(struct FakeSwitch *owner, PNDIS_SWITCH_PORT_PARAMETERS parameters) {
    fakeLock();
    struct FakePort *port = findPort(owner, parameters->PortId);
    if (port) port->tornDown = TRUE;
    fakeUnlock();
}

static void connectBelow(struct FakeSwitch *owner, PNDIS_SWITCH_NIC_PARAMETERS parameters, BOOLEAN connected) {
    fakeLock();
    struct FakeNIC *nic = findNIC(owner, parameters->PortId, parameters->NicIndex);
    if (nic) nic->connected = connected;
    if (nic && connected) nic->parameters.NicState = NdisSwitchNicStateConnected;
    fakeUnlock();
}

// What the arrays tell from now on, before the request has reached the layer below.
static void passedOn(struct FakeSwitch *owner, PNDIS_OID_REQUEST request) {
    if (fake.nonsense || request->DATA.SET_INFORMATION.Oid != OID_SWITCH_NIC_CONNECT) return;
    PNDIS_SWITCH_NIC_PARAMETERS parameters = request->DATA.SET_INFORMATION.InformationBuffer;
    fakeLock();
    struct FakeNIC *nic = findNIC(owner, parameters->PortId, parameters->NicIndex);
    if (nic) nic->parameters.NicState = NdisSwitchNicStateConnected;
    fakeUnlock();
}

// The layer below the extension.
NDIS_STATUS requestBelow(struct FakeSwitch *owner, PNDIS_OID_REQUEST request) {
    NDIS_OID oid = request->DATA.SET_INFORMATION.Oid;
    if (vetoedBelow(oid)) return NDIS_STATUS_RESOURCES;
    if (fake.nonsense) return NDIS_STATUS_SUCCESS;
    switch (oid) {
    case OID_SWITCH_PORT_CREATE: createBelow(owner, request->DATA.SET_INFORMATION.InformationBuffer); break;
    case OID_SWITCH_PORT_TEARDOWN: tearDownBelow(owner, request->DATA.SET_INFORMATION.InformationBuffer); break;
    case OID_SWITCH_NIC_CONNECT: connectBelow(owner, request->DATA.SET_INFORMATION.InformationBuffer, TRUE); break;
    case OID_SWITCH_NIC_DISCONNECT: connectBelow(owner, request->DATA.SET_INFORMATION.InformationBuffer, FALSE); break;
    case OID_SWITCH_NIC_SAVE:
        request->DATA.METHOD_INFORMATION.BytesWritten = 0;
        ((PNDIS_SWITCH_NIC_SAVE_STATE)request->DATA.METHOD_INFORMATION.InformationBuffer)->SaveDataSize = 0;
        break;
    }
    if (request->RequestType == NdisRequestSetInformation)
        request->DATA.SET_INFORMATION.BytesRead = request->DATA.SET_INFORMATION.InformationBufferLength;
    return NDIS_STATUS_SUCCESS;
}

static void judge(struct FakeRequest *request, NDIS_OID oid) {
    if (fake.nonsense) return;
    if (oid == OID_SWITCH_NIC_SAVE && request->status == NDIS_STATUS_BUFFER_TOO_SHORT) return;
    if (request->status == NDIS_STATUS_SUCCESS && !request->forwarded && !mayBeConsumed(oid))
        complain("OID %08x was completed but not forwarded", (unsigned)oid);
    if (request->status != NDIS_STATUS_SUCCESS && !request->forwarded && !mayBeVetoed(oid))
        complain("OID %08x was refused (%08x), which must not be", (unsigned)oid, (unsigned)request->status);
}

// Before the driver has passed it on, nobody knows how much is in front of it.
static LONG64 leftOf(struct FakeRequest *request) { return request->place ? aheadOf(request->place) : MAXLONGLONG; }

// The module that a request goes through, if there is one; otherwise it counts as one that passes none.
static struct FakeModule *enterStack(struct FakeSwitch *owner) {
    fakeLock();
    struct FakeModule *module = owner->module && !owner->module->closed ? owner->module : NULL;
    InterlockedIncrement(module ? &module->callers : &owner->passing);
    fakeUnlock();
    return module;
}

static BOOLEAN waitForRequest(struct FakeRequest *request) {
    struct FakePatience patience = {0};
    BOOLEAN completed;
    while (waitTurnFor(&request->done, &patience, leftOf(request), &completed));
    return completed;
}

// Sends a request down through the extension, or past it if none is attached; waits until it is completed.
NDIS_STATUS issueRequest(struct FakeSwitch *owner, NDIS_REQUEST_TYPE type, NDIS_OID oid, PVOID buffer, ULONG inCount,
                         ULONG outCount, BOOLEAN *forwarded) {
    struct FakeRequest *request = take(sizeof *request);
    struct FakeModule *module = enterStack(owner);
    request->magic = FAKE_REQUEST_MAGIC;
    request->module = module;
    KeInitializeEvent(&request->done, NotificationEvent, FALSE);
    request->request.Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
    request->request.Header.Revision = NDIS_OID_REQUEST_REVISION_1;
    request->request.Header.Size = NDIS_SIZEOF_OID_REQUEST_REVISION_1;
    request->request.RequestType = type;
    request->request.RequestId = request;
    request->request.DATA.METHOD_INFORMATION.Oid = oid;
    request->request.DATA.METHOD_INFORMATION.InformationBuffer = buffer;
    request->request.DATA.METHOD_INFORMATION.InputBufferLength = inCount;
    if (type == NdisRequestMethod) request->request.DATA.METHOD_INFORMATION.OutputBufferLength = outCount;
    InterlockedIncrement64((LONG64 *)&fake.counters.oids);

    stopOnTheWay(&fake.stopAbove, oid);
    if (!module || !fake.driverCharacteristics.OidRequestHandler) {
        request->status = requestBelow(owner, &request->request);
        request->forwarded = 1;
    } else {
        module->request = request;
        LONG level = raiseForCall(FALSE);
        NDIS_STATUS status = fake.driverCharacteristics.OidRequestHandler(module->context, &request->request);
        checkAfterCall(level, FALSE, "FilterOidRequest");
        if (status != NDIS_STATUS_PENDING) {
            request->status = status;
            if (request->completed) complain("OID %08x was completed twice", (unsigned)oid);
        } else if (!waitForRequest(request)) {
            complain("OID %08x is not completed, and nothing moves", (unsigned)oid);
            exitModule(module);
            return NDIS_STATUS_FAILURE;  // and stays allocated, in case it is completed later
        }
        module->request = NULL;
        judge(request, oid);
    }
    if (module)
        exitModule(module);
    else
        InterlockedDecrement(&owner->passing);
    NDIS_STATUS status = request->status;
    if (type == NdisRequestMethod) fake.bytesNeeded = request->request.DATA.METHOD_INFORMATION.BytesNeeded;
    if (forwarded) *forwarded = request->forwarded != 0;
    give(request, sizeof *request);
    return status;
}

// Cancels the request that is under way, as whoever issued it may at any moment; or one that does not exist.
NDIS_STATUS cancelRequest(struct FakeSwitch *owner, BOOLEAN wrong) {
    struct FakeModule *module = enterModule(owner);
    if (!module) return NDIS_STATUS_INVALID_STATE;
    PVOID identifier = wrong ? (PVOID)owner : (PVOID)module->request;
    LONG level = raiseForCall(TRUE);
    if (identifier) fake.driverCharacteristics.CancelOidRequestHandler(module->context, identifier);
    checkAfterCall(level, TRUE, "FilterCancelOidRequest");
    exitModule(module);
    return identifier ? NDIS_STATUS_SUCCESS : NDIS_STATUS_INVALID_STATE;
}

static struct FakeClone *cloneOf(PNDIS_OID_REQUEST request) {
    struct FakeClone *clone = CONTAINING_RECORD(request, struct FakeClone, request);
    return clone->magic == FAKE_CLONE_MAGIC ? clone : NULL;
}

NTSYSAPI NDIS_STATUS NTAPI NdisAllocateCloneOidRequest(
    NDIS_HANDLE handle, PNDIS_OID_REQUEST request, ULONG tag, PNDIS_OID_REQUEST *result) {
    struct FakeModule *module = moduleOf(handle, "NdisAllocateCloneOidRequest");
    struct FakeRequest *original = CONTAINING_RECORD(request, struct FakeRequest, request);
    if (!module || original->magic != FAKE_REQUEST_MAGIC) {
        complain("NdisAllocateCloneOidRequest: not of a request that the driver was given");
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    if (!tag) complain("NdisAllocateCloneOidRequest: no pool tag");
    if (allocationFails()) return NDIS_STATUS_RESOURCES;
    struct FakeClone *clone = take(sizeof *clone);
    clone->magic = FAKE_CLONE_MAGIC;
    clone->module = module;
    clone->original = original;
    clone->request.Header = request->Header;
    clone->request.RequestType = request->RequestType;
    clone->request.PortNumber = request->PortNumber;
    clone->request.Timeout = request->Timeout;
    clone->request.RequestId = request->RequestId;
    clone->request.RequestHandle = request->RequestHandle;
    clone->request.DATA = request->DATA;
    InterlockedIncrement64((LONG64 *)&fake.counters.liveClones);
    *result = &clone->request;
    return NDIS_STATUS_SUCCESS;
}

NTSYSAPI VOID NTAPI NdisFreeCloneOidRequest(NDIS_HANDLE handle, PNDIS_OID_REQUEST request) {
    struct FakeClone *clone = cloneOf(request);
    if (!clone) {
        complain("NdisFreeCloneOidRequest: not a clone, or freed already");
        return;
    }
    if (clone->below) complain("NdisFreeCloneOidRequest: the clone is still below");
    clone->magic = 0;
    InterlockedDecrement64((LONG64 *)&fake.counters.liveClones);
    give(clone, sizeof *clone);
}

// MARK: - The driver's queries

static NDIS_STATUS answer(PNDIS_OID_REQUEST request, const void *bytes, ULONG count) {
    if (request->DATA.QUERY_INFORMATION.InformationBufferLength < count) {
        request->DATA.QUERY_INFORMATION.BytesNeeded = count;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    fakeCopy(request->DATA.QUERY_INFORMATION.InformationBuffer, bytes, count);
    request->DATA.QUERY_INFORMATION.BytesWritten = count;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS answerParameters(struct FakeSwitch *owner, PNDIS_OID_REQUEST request) {
    owner->parameters.NumSwitchPorts = 0;
    for (struct FakePort *port = owner->ports; port; port = port->next) owner->parameters.NumSwitchPorts++;
    return answer(request, &owner->parameters, sizeof owner->parameters);
}

// Elements lie further apart than their size, as they may in newer systems.
#define PORT_STRIDE (sizeof(NDIS_SWITCH_PORT_PARAMETERS) + 16)
#define NIC_STRIDE (sizeof(NDIS_SWITCH_NIC_PARAMETERS) + 24)

static NDIS_STATUS answerPorts(struct FakeSwitch *owner, PNDIS_OID_REQUEST request) {
    ULONG count = 0, first = sizeof(NDIS_SWITCH_PORT_ARRAY) + 8;
    for (struct FakePort *port = owner->ports; port; port = port->next) count++;
    ULONG size = first + count * PORT_STRIDE;
    NDIS_SWITCH_PORT_ARRAY *array = take(size);
    array->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    array->Header.Revision = NDIS_SWITCH_PORT_ARRAY_REVISION_1;
    array->Header.Size = sizeof *array;
    array->FirstElementOffset = (USHORT)first;
    array->NumElements = count;
    array->ElementSize = PORT_STRIDE;
    ULONG index = 0;
    for (struct FakePort *port = owner->ports; port && index < count; port = port->next, index++)
        fakeCopy((PUCHAR)array + first + index * PORT_STRIDE, &port->parameters, sizeof port->parameters);
    playBetween(FAKE_BETWEEN_PORTS);
    NDIS_STATUS status = answer(request, array, size);
    give(array, size);
    return status;
}

static NDIS_STATUS answerNICs(struct FakeSwitch *owner, PNDIS_OID_REQUEST request) {
    ULONG count = 0, first = sizeof(NDIS_SWITCH_NIC_ARRAY) + 8;
    for (struct FakePort *port = owner->ports; port; port = port->next)
        for (struct FakeNIC *nic = port->nics; nic; nic = nic->next) count++;
    ULONG size = first + count * NIC_STRIDE, index = 0;
    NDIS_SWITCH_NIC_ARRAY *array = take(size);
    array->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    array->Header.Revision = NDIS_SWITCH_NIC_ARRAY_REVISION_1;
    array->Header.Size = sizeof *array;
    array->FirstElementOffset = (USHORT)first;
    array->NumElements = count;
    array->ElementSize = NIC_STRIDE;
    for (struct FakePort *port = owner->ports; port; port = port->next)
        for (struct FakeNIC *nic = port->nics; nic && index < count; nic = nic->next, index++)
            fakeCopy((PUCHAR)array + first + index * NIC_STRIDE, &nic->parameters, sizeof nic->parameters);
    playBetween(FAKE_BETWEEN_NICS);
    NDIS_STATUS status = answer(request, array, size);
    give(array, size);
    return status;
}

static NDIS_STATUS answerDriver(struct FakeModule *module, PNDIS_OID_REQUEST request) {
    InterlockedIncrement64((LONG64 *)&fake.counters.queries);
    if (request->Header.Type != NDIS_OBJECT_TYPE_OID_REQUEST || request->Header.Revision < 1)
        complain("NdisFOidRequest: header %02x/%u", request->Header.Type, request->Header.Revision);
    if (module->state == fakeAttaching) complain("NdisFOidRequest: a request from FilterAttach");
    if (request->RequestType != NdisRequestQueryInformation) return NDIS_STATUS_NOT_SUPPORTED;
    switch (request->DATA.QUERY_INFORMATION.Oid) {
    case OID_SWITCH_PARAMETERS: return answerParameters(module->owner, request);
    case OID_SWITCH_PORT_ARRAY: return answerPorts(module->owner, request);
    case OID_SWITCH_NIC_ARRAY: return answerNICs(module->owner, request);
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}

// MARK: - What the driver calls

NTSYSAPI NDIS_STATUS NTAPI NdisFOidRequest(NDIS_HANDLE handle, PNDIS_OID_REQUEST request) {
    struct FakeModule *module = moduleOf(handle, "NdisFOidRequest");
    if (!module) return NDIS_STATUS_INVALID_PARAMETER;
    mustHoldNoLock("NdisFOidRequest");
    struct FakeClone *clone = cloneOf(request);
    NDIS_STATUS status;
    if (clone) {
        if (clone->original->magic != FAKE_REQUEST_MAGIC) {
            complain("NdisFOidRequest: the original was completed before");
            return NDIS_STATUS_INVALID_PARAMETER;
        }
        if (InterlockedIncrement(&clone->original->forwarded) != 1) complain("NdisFOidRequest: forwarded twice");
        InterlockedExchange(&clone->below, 1);
        passedOn(module->owner, request);
        if (fake.holdOIDs) {
            holdRequest(module, request);
            return NDIS_STATUS_PENDING;
        }
        stopOnTheWay(&fake.stopBelow, request->DATA.SET_INFORMATION.Oid);
        status = requestBelow(module->owner, request);
    } else {
        if (CONTAINING_RECORD(request, struct FakeRequest, request)->magic == FAKE_REQUEST_MAGIC)
            complain("NdisFOidRequest: an original was forwarded in place of a clone");
        status = answerDriver(module, request);
    }
    if (fake.oidsPend) {
        completeRequestLater(module, request, status);
        return NDIS_STATUS_PENDING;
    }
    if (clone) InterlockedExchange(&clone->below, 0);
    return status;
}

NTSYSAPI VOID NTAPI NdisFOidRequestComplete(NDIS_HANDLE handle, PNDIS_OID_REQUEST request, NDIS_STATUS status) {
    struct FakeRequest *original = CONTAINING_RECORD(request, struct FakeRequest, request);
    if (!moduleOf(handle, "NdisFOidRequestComplete")) return;
    if (original->magic != FAKE_REQUEST_MAGIC) {
        complain("NdisFOidRequestComplete: not a request that the driver was given");
        return;
    }
    if (status == NDIS_STATUS_PENDING) complain("NdisFOidRequestComplete: with NDIS_STATUS_PENDING");
    original->status = status;
    if (InterlockedIncrement(&original->completed) != 1) {
        complain("NdisFOidRequestComplete: twice");
        return;
    }
    KeSetEvent(&original->done, 0, FALSE);
}

// The handlers that NdisFGetOptionalSwitchHandlers gives: forwarding contexts, sources, destinations, references, reports.
#include "Fake.h"

// How many destinations fit before the list has to grow: it changes, so that no driver can rely on one.
static const ULONG capacities[] = {1, 0, 4, 2};
static volatile LONG capacityTurn;

static struct FakeSwitch *switchOf(NDIS_SWITCH_CONTEXT context, const char *who) {
    struct FakeSwitch *owner = context;
    if (owner && owner->magic == FAKE_SWITCH_MAGIC) return owner;
    complain("%s: %p is no switch context", who, context);
    return NULL;
}

struct FakeContext *contextOf(PNET_BUFFER_LIST list) {
    struct FakeContext *context = list->NetBufferListInfo[SwitchForwardingReserved];
    return context && context->magic == FAKE_CONTEXT_MAGIC ? context : NULL;
}

static BOOLEAN resize(struct FakeContext *context, ULONG capacity) {
    NDIS_SWITCH_PORT_DESTINATION *old = context->array.FirstElement;
    NDIS_SWITCH_PORT_DESTINATION *new = NULL;
    if (capacity) {
        new = take(capacity * sizeof *new);
        if (!new) return FALSE;
        if (old) fakeCopy(new, old, context->array.NumDestinations * sizeof *new);
    }
    if (old) give(old, context->array.NumElements * sizeof *old);
    context->array.FirstElement = new;
    context->array.NumElements = capacity;
    return TRUE;
}

NDIS_STATUS giveContext(struct FakeSwitch *owner, PNET_BUFFER_LIST list) {
    struct FakeContext *context = take(sizeof *context);
    if (!context) return NDIS_STATUS_RESOURCES;
    context->magic = FAKE_CONTEXT_MAGIC;
    context->owner = owner;
    context->array.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    context->array.Header.Revision = NDIS_SWITCH_FORWARDING_DESTINATION_ARRAY_REVISION_1;
    context->array.Header.Size = sizeof context->array;
    context->array.ElementSize = sizeof(NDIS_SWITCH_PORT_DESTINATION);
    resize(context, capacities[(ULONG)InterlockedIncrement(&capacityTurn) % 4]);
    list->NetBufferListInfo[SwitchForwardingReserved] = context;
    list->NetBufferListInfo[SwitchForwardingDetail] = NULL;
    NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->NumAvailableDestinations = context->array.NumElements;
    return NDIS_STATUS_SUCCESS;
}

void takeContext(PNET_BUFFER_LIST list) {
    struct FakeContext *context = contextOf(list);
    if (!context) return;
    resize(context, 0);
    context->magic = 0;
    give(context, sizeof *context);
    list->NetBufferListInfo[SwitchForwardingReserved] = NULL;
    list->NetBufferListInfo[SwitchForwardingDetail] = NULL;
}

static NDIS_STATUS NTAPI allocateContext(NDIS_SWITCH_CONTEXT handle, PNET_BUFFER_LIST list) {
    struct FakeSwitch *owner = switchOf(handle, "AllocateNetBufferListForwardingContext");
    struct FakeList *account = listOf(list);
    if (!owner || !account) return NDIS_STATUS_INVALID_PARAMETER;
    if (contextOf(list)) complain("AllocateNetBufferListForwardingContext: the list has one");
    if (allocationFails()) return NDIS_STATUS_RESOURCES;
    InterlockedIncrement64((LONG64 *)&fake.counters.liveContexts);
    return giveContext(owner, list);
}

static VOID NTAPI freeContext(NDIS_SWITCH_CONTEXT handle, PNET_BUFFER_LIST list) {
    struct FakeList *account = listOf(list);
    if (!switchOf(handle, "FreeNetBufferListForwardingContext") || !account) return;
    if (!contextOf(list)) {
        complain("FreeNetBufferListForwardingContext: the list has none");
        return;
    }
    if (!account->pool) complain("FreeNetBufferListForwardingContext: of a list that is not the driver's");
    InterlockedDecrement64((LONG64 *)&fake.counters.liveContexts);
    takeContext(list);
}

// A list with a context of this switch, in the driver's hands; or NULL and a complaint.
static struct FakeContext *usable(NDIS_SWITCH_CONTEXT handle, PNET_BUFFER_LIST list, const char *who) {
    struct FakeSwitch *owner = switchOf(handle, who);
    struct FakeList *account = owner ? listOf(list) : NULL;
    if (!account) return NULL;
    struct FakeContext *context = contextOf(list);
    if (!context) complain("%s: the list has no forwarding context", who);
    else if (context->owner != owner) complain("%s: the context is of another switch", who);
    else if (account->state != fakeInDriver) complain("%s: the list is not in the driver's hands", who);
    else return context;
    return NULL;
}

static NDIS_STATUS NTAPI setSource(
    NDIS_SWITCH_CONTEXT handle, PNET_BUFFER_LIST list, NDIS_SWITCH_PORT_ID port, NDIS_SWITCH_NIC_INDEX nic) {
    struct FakeContext *context = usable(handle, list, "SetNetBufferListSource");
    if (!context) return NDIS_STATUS_INVALID_PARAMETER;
    fakeLock();
    BOOLEAN known = port == NDIS_SWITCH_DEFAULT_PORT_ID || findNIC(context->owner, port, nic);
    fakeUnlock();
    if (!known) complain("SetNetBufferListSource: no NIC %u/%u", (unsigned)port, (unsigned)nic);
    NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->SourcePortId = port;
    NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->SourceNicIndex = nic;
    return known ? NDIS_STATUS_SUCCESS : NDIS_STATUS_INVALID_PARAMETER;
}

// A destination must be connected when it is committed.
static void checkDestination(struct FakeContext *context, PNDIS_SWITCH_PORT_DESTINATION destination, const char *who) {
    fakeLock();
    struct FakeNIC *nic = findNIC(context->owner, destination->PortId, destination->NicIndex);
    BOOLEAN legal = nic && nic->connected;
    fakeUnlock();
    if (!legal)
        complain("%s: %u/%u is not connected", who, (unsigned)destination->PortId, (unsigned)destination->NicIndex);
}

static NDIS_STATUS NTAPI addDestination(
    NDIS_SWITCH_CONTEXT handle, PNET_BUFFER_LIST list, PNDIS_SWITCH_PORT_DESTINATION destination) {
    struct FakeContext *context = usable(handle, list, "AddNetBufferListDestination");
    if (!context) return NDIS_STATUS_INVALID_PARAMETER;
    PNDIS_SWITCH_FORWARDING_DETAIL_NET_BUFFER_LIST_INFO detail = NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list);
    if (detail->NativeForwardingRequired) complain("AddNetBufferListDestination: to a list forwarded natively");
    if (!detail->NumAvailableDestinations) {
        complain("AddNetBufferListDestination: no room; GrowNetBufferListDestinations comes first");
        return NDIS_STATUS_RESOURCES;
    }
    checkDestination(context, destination, "AddNetBufferListDestination");
    ((NDIS_SWITCH_PORT_DESTINATION *)context->array.FirstElement)[context->array.NumDestinations++] = *destination;
    detail->NumAvailableDestinations--;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS NTAPI growDestinations(
    NDIS_SWITCH_CONTEXT handle, PNET_BUFFER_LIST list, UINT32 count, PNDIS_SWITCH_FORWARDING_DESTINATION_ARRAY *array) {
    struct FakeContext *context = usable(handle, list, "GrowNetBufferListDestinations");
    if (!context) return NDIS_STATUS_INVALID_PARAMETER;
    if (allocationFails()) return NDIS_STATUS_RESOURCES;
    // Room for so many more than there is already: callers ask for what they need less what is available.
    if (!resize(context, context->array.NumElements + count)) return NDIS_STATUS_RESOURCES;
    NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->NumAvailableDestinations =
        context->array.NumElements - context->array.NumDestinations;
    *array = &context->array;
    return NDIS_STATUS_SUCCESS;
}

static VOID NTAPI getDestinations(
    NDIS_SWITCH_CONTEXT handle, PNET_BUFFER_LIST list, PNDIS_SWITCH_FORWARDING_DESTINATION_ARRAY *array) {
    struct FakeContext *context = usable(handle, list, "GetNetBufferListDestinations");
    *array = context ? &context->array : NULL;
}

static NDIS_STATUS NTAPI updateDestinations(
    NDIS_SWITCH_CONTEXT handle, PNET_BUFFER_LIST list, UINT32 count, PNDIS_SWITCH_FORWARDING_DESTINATION_ARRAY array) {
    struct FakeContext *context = usable(handle, list, "UpdateNetBufferListDestinations");
    if (!context || array != &context->array) {
        if (context) complain("UpdateNetBufferListDestinations: not the array of this list");
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    PNDIS_SWITCH_FORWARDING_DETAIL_NET_BUFFER_LIST_INFO detail = NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list);
    if (detail->NativeForwardingRequired && count) complain("UpdateNetBufferListDestinations: of a list forwarded natively");
    if (count > detail->NumAvailableDestinations) {
        complain("UpdateNetBufferListDestinations: %u new, room for %u", (unsigned)count,
                 (unsigned)detail->NumAvailableDestinations);
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    for (UINT32 index = 0; index < count; index++)
        checkDestination(
            context, NDIS_SWITCH_PORT_DESTINATION_AT_ARRAY_INDEX(array, array->NumDestinations + index),
            "UpdateNetBufferListDestinations");
    context->array.NumDestinations += count;
    detail->NumAvailableDestinations -= count;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS NTAPI copyInfo(NDIS_SWITCH_CONTEXT handle, PNET_BUFFER_LIST target, PNET_BUFFER_LIST source, UINT32 flags) {
    struct FakeContext *into = usable(handle, target, "CopyNetBufferListInfo (destination)");
    struct FakeContext *from = usable(handle, source, "CopyNetBufferListInfo (source)");
    if (!into || !from) return NDIS_STATUS_INVALID_PARAMETER;
    for (ULONG slot = 0; slot < MaxNetBufferListInfo; slot++)
        if (slot != SwitchForwardingReserved && slot != SwitchForwardingDetail)
            target->NetBufferListInfo[slot] = source->NetBufferListInfo[slot];
    if (flags & NDIS_SWITCH_COPY_NBL_INFO_FLAGS_PRESERVE_DESTINATIONS) {
        if (!resize(into, from->array.NumElements)) return NDIS_STATUS_RESOURCES;
        if (from->array.NumDestinations)
            fakeCopy(into->array.FirstElement, from->array.FirstElement,
                     from->array.NumDestinations * sizeof(NDIS_SWITCH_PORT_DESTINATION));
        into->array.NumDestinations = from->array.NumDestinations;
    }
    PNDIS_SWITCH_FORWARDING_DETAIL_NET_BUFFER_LIST_INFO detail = NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(target);
    *detail = *NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(source);
    detail->NumAvailableDestinations = into->array.NumElements - into->array.NumDestinations;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS change(LONG *references, BOOLEAN legal, int by, const char *who, ULONG port, ULONG nic) {
    if (by > 0 && !legal) {
        fakeUnlock();
        complain("%s: %u/%u cannot be referenced now", who, (unsigned)port, (unsigned)nic);
        return NDIS_STATUS_INVALID_STATE;
    }
    if (by > 0 && fake.refusedReferences) {
        fake.refusedReferences--;
        fakeUnlock();
        return NDIS_STATUS_RESOURCES;
    }
    if (by < 0 && *references == 0) {
        fakeUnlock();
        complain("%s: %u/%u has no reference", who, (unsigned)port, (unsigned)nic);
        return NDIS_STATUS_INVALID_STATE;
    }
    *references += by;
    fake.counters.liveReferences += by;
    fakeUnlock();
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS referenceNIC(NDIS_SWITCH_CONTEXT handle, ULONG port, ULONG index, int by, const char *who) {
    struct FakeSwitch *owner = switchOf(handle, who);
    if (!owner) return NDIS_STATUS_INVALID_PARAMETER;
    fakeLock();
    struct FakeNIC *nic = findNIC(owner, port, index);
    if (nic) return change(&nic->references, nic->connected, by, who, port, index);
    fakeUnlock();
    complain("%s: no NIC %u/%u", who, (unsigned)port, (unsigned)index);
    return NDIS_STATUS_INVALID_PARAMETER;
}

static NDIS_STATUS referencePort(NDIS_SWITCH_CONTEXT handle, ULONG number, int by, const char *who) {
    struct FakeSwitch *owner = switchOf(handle, who);
    if (!owner) return NDIS_STATUS_INVALID_PARAMETER;
    fakeLock();
    struct FakePort *port = findPort(owner, number);
    if (port) return change(&port->references, port->created && !port->tornDown, by, who, number, 0);
    fakeUnlock();
    complain("%s: no port %u", who, (unsigned)number);
    return NDIS_STATUS_INVALID_PARAMETER;
}

static NDIS_STATUS NTAPI addNICReference(NDIS_SWITCH_CONTEXT handle, NDIS_SWITCH_PORT_ID port, NDIS_SWITCH_NIC_INDEX nic) {
    return referenceNIC(handle, port, nic, 1, "ReferenceSwitchNic");
}

static NDIS_STATUS NTAPI dropNICReference(NDIS_SWITCH_CONTEXT handle, NDIS_SWITCH_PORT_ID port, NDIS_SWITCH_NIC_INDEX nic) {
    return referenceNIC(handle, port, nic, -1, "DereferenceSwitchNic");
}

static NDIS_STATUS NTAPI addPortReference(NDIS_SWITCH_CONTEXT handle, NDIS_SWITCH_PORT_ID port) {
    return referencePort(handle, port, 1, "ReferenceSwitchPort");
}

static NDIS_STATUS NTAPI dropPortReference(NDIS_SWITCH_CONTEXT handle, NDIS_SWITCH_PORT_ID port) {
    return referencePort(handle, port, -1, "DereferenceSwitchPort");
}

static VOID NTAPI reportFiltered(
    NDIS_SWITCH_CONTEXT handle, PUNICODE_STRING guid, PUNICODE_STRING name, NDIS_SWITCH_PORT_ID port, UINT32 flags,
    UINT32 count, PNET_BUFFER_LIST lists, PUNICODE_STRING reason) {
    struct FakeSwitch *owner = switchOf(handle, "ReportFilteredNetBufferLists");
    UINT32 found = 0;
    if (!owner) return;
    if (!guid || !guid->Length || !name || !name->Length)
        complain("ReportFilteredNetBufferLists: without the extension's identity");
    if (!reason || !reason->Length) complain("ReportFilteredNetBufferLists: without a reason");
    for (PNET_BUFFER_LIST list = lists; list; list = list->Next) {
        struct FakeList *account = listOf(list);
        if (!account) return;
        if (account->state != fakeInDriver) complain("ReportFilteredNetBufferLists: a list not in the driver's hands");
        found++;
    }
    if (found != count) complain("ReportFilteredNetBufferLists: says %u lists, has %u", (unsigned)count, (unsigned)found);
    InterlockedExchangeAdd64((LONG64 *)&fake.counters.filtered, count);
    noteFiltered(owner->number, port, flags & NDIS_SWITCH_REPORT_FILTERED_NBL_FLAGS_IS_INCOMING, count, reason);
}

void fillSwitchHandlers(PNDIS_SWITCH_OPTIONAL_HANDLERS handlers) {
    handlers->AllocateNetBufferListForwardingContext = allocateContext;
    handlers->FreeNetBufferListForwardingContext = freeContext;
    handlers->SetNetBufferListSource = setSource;
    handlers->AddNetBufferListDestination = addDestination;
    handlers->GrowNetBufferListDestinations = growDestinations;
    handlers->GetNetBufferListDestinations = getDestinations;
    handlers->UpdateNetBufferListDestinations = updateDestinations;
    handlers->CopyNetBufferListInfo = copyInfo;
    handlers->ReferenceSwitchNic = addNICReference;
    handlers->DereferenceSwitchNic = dropNICReference;
    handlers->ReferenceSwitchPort = addPortReference;
    handlers->DereferenceSwitchPort = dropPortReference;
    handlers->ReportFilteredNetBufferLists = reportFiltered;
}

// What the driver sends: judged, delivered to the queues of its destinations, and completed.
#include "Fake.h"

#define QUEUE_LIMIT 4096
#define FRAME_LIMIT 0x11000

void freeQueue(struct FakeNIC *nic) {
    while (nic->first) {
        struct FakeDelivered *next = nic->first->next;
        ExFreePoolWithTag(nic->first, FAKE_TAG);
        nic->first = next;
    }
    nic->last = NULL;
    nic->queued = 0;
}

static void describeFrame(PNET_BUFFER_LIST list, BOOLEAN receiveKind, struct FakeFrame *frame) {
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO checksum = {.Value = list->NetBufferListInfo[TcpIpChecksumNetBufferListInfo]};
    NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO segment = {
        .Value = list->NetBufferListInfo[TcpLargeSendNetBufferListInfo]};
    NDIS_NET_BUFFER_LIST_8021Q_INFO tag = {.Value = list->NetBufferListInfo[Ieee8021QNetBufferListInfo]};
    frame->flags = receiveKind ? FAKE_FRAME_RECEIVE_KIND : 0;
    if (receiveKind) {
        if (checksum.Receive.IpChecksumSucceeded) frame->checksum |= FAKE_CHECKSUM_IPV4_HEADER;
        if (checksum.Receive.TcpChecksumSucceeded) frame->checksum |= FAKE_CHECKSUM_TCP;
        if (checksum.Receive.UdpChecksumSucceeded) frame->checksum |= FAKE_CHECKSUM_UDP;
        if (checksum.Receive.TcpChecksumFailed) frame->checksum |= FAKE_CHECKSUM_TCP | FAKE_CHECKSUM_FAILED;
        if (checksum.Receive.UdpChecksumFailed) frame->checksum |= FAKE_CHECKSUM_UDP | FAKE_CHECKSUM_FAILED;
    } else {
        if (checksum.Transmit.IsIPv4) frame->checksum |= FAKE_CHECKSUM_IPV4;
        if (checksum.Transmit.IsIPv6) frame->checksum |= FAKE_CHECKSUM_IPV6;
        if (checksum.Transmit.IpHeaderChecksum) frame->checksum |= FAKE_CHECKSUM_IPV4_HEADER;
        if (checksum.Transmit.TcpChecksum) frame->checksum |= FAKE_CHECKSUM_TCP;
        if (checksum.Transmit.UdpChecksum) frame->checksum |= FAKE_CHECKSUM_UDP;
        frame->tcpOffset = checksum.Transmit.TcpHeaderOffset;
        if (segment.LsoV2Transmit.MSS) {
            frame->segmentSize = segment.LsoV2Transmit.MSS;
            frame->tcpOffset = segment.LsoV2Transmit.TcpHeaderOffset;
            frame->checksum |= segment.LsoV2Transmit.IPVersion ? FAKE_CHECKSUM_IPV6 : FAKE_CHECKSUM_IPV4;
        }
    }
    if (tag.Value)
        frame->vlan = 0x10000 | tag.TagHeader.UserPriority << 13 | tag.TagHeader.CanonicalFormatId << 12 | tag.TagHeader.VlanId;
}

// Puts one frame into a NIC's queue; the caller holds the lock.
static BOOLEAN enqueue(struct FakeNIC *nic, struct FakeDelivered *frame) {
    if (nic->queued >= QUEUE_LIMIT) {
        fake.counters.overflowed++;
        return FALSE;
    }
    if (nic->last)
        nic->last->next = frame;
    else
        nic->first = frame;
    nic->last = frame;
    nic->queued++;
    fake.counters.delivered++;
    return TRUE;
}

static void deliverTo(struct FakeSwitch *owner, NDIS_SWITCH_PORT_DESTINATION *destination, PNET_BUFFER_LIST list,
                      BOOLEAN receiveKind, BOOLEAN original) {
    PNDIS_SWITCH_FORWARDING_DETAIL_NET_BUFFER_LIST_INFO detail = NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list);
    for (PNET_BUFFER buffer = list->FirstNetBuffer; buffer; buffer = buffer->Next) {
        ULONG size = buffer->DataLength < FRAME_LIMIT ? buffer->DataLength : FRAME_LIMIT;
        struct FakeDelivered *frame = ExAllocatePoolWithTag(NonPagedPool, sizeof *frame + size, FAKE_TAG);
        fakeZero(frame, sizeof *frame);
        frame->frame.byteCount = copyFromBuffer(buffer, frame->bytes, size);
        frame->frame.sourcePort = detail->SourcePortId;
        frame->frame.sourceNIC = detail->SourceNicIndex;
        describeFrame(list, receiveKind, &frame->frame);
        if (original) frame->frame.flags |= FAKE_FRAME_ORIGINAL;
        if (destination->PreserveVLAN) frame->frame.flags |= FAKE_FRAME_PRESERVE_VLAN;
        fakeLock();
        struct FakeNIC *nic = findNIC(owner, destination->PortId, destination->NicIndex);
        BOOLEAN queued = nic && nic->connected && enqueue(nic, frame);
        BOOLEAN watched = queued && nic->watched;
        fakeUnlock();
        if (!queued) ExFreePoolWithTag(frame, FAKE_TAG);
        if (watched) wakeWaiters();
    }
}

void deliver(struct FakeSwitch *owner, PNET_BUFFER_LIST list, BOOLEAN original) {
    struct FakeContext *context = contextOf(list);
    PNDIS_SWITCH_FORWARDING_DETAIL_NET_BUFFER_LIST_INFO detail = NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list);
    BOOLEAN receiveKind = isExternal(owner, detail->SourcePortId);
    ULONG taken = 0;
    for (ULONG index = 0; index < context->array.NumDestinations; index++) {
        NDIS_SWITCH_PORT_DESTINATION *destination = NDIS_SWITCH_PORT_DESTINATION_AT_ARRAY_INDEX(&context->array, index);
        if (destination->IsExcluded) continue;
        taken++;
        deliverTo(owner, destination, list, receiveKind, original);
    }
    if (!taken && !detail->NativeForwardingRequired) InterlockedIncrement64((LONG64 *)&fake.counters.destinationLess);
    if (!original && detail->SourcePortId == NDIS_SWITCH_DEFAULT_PORT_ID)
        InterlockedIncrement64((LONG64 *)&fake.counters.trustedSource);
}

static BOOLEAN sameDestinations(struct FakeContext *one, struct FakeContext *other) {
    if (one->array.NumDestinations != other->array.NumDestinations) return FALSE;
    const NDIS_SWITCH_PORT_DESTINATION *a = one->array.FirstElement, *b = other->array.FirstElement;
    for (ULONG index = 0; index < one->array.NumDestinations; index++)
        if (a[index].PortId != b[index].PortId || a[index].NicIndex != b[index].NicIndex) return FALSE;
    return TRUE;
}

// One list that the driver sends: whether it may.
static BOOLEAN judge(struct FakeModule *module, PNET_BUFFER_LIST list, struct FakeList *account) {
    if (InterlockedExchange(&account->state, fakeBelow) != fakeInDriver) {
        complain("NdisFSendNetBufferLists: the list is not in the driver's hands");
        return FALSE;
    }
    struct FakeContext *context = contextOf(list);
    if (!context) {
        complain("NdisFSendNetBufferLists: no forwarding context");
        return FALSE;
    }
    if (context->owner != module->owner) complain("NdisFSendNetBufferLists: the context is of another switch");
    if (account->pool && list->SourceHandle != (NDIS_HANDLE)module)
        complain("NdisFSendNetBufferLists: SourceHandle of the driver's list is %p", list->SourceHandle);
    if (!account->pool && account->module != module) complain("NdisFSendNetBufferLists: the list came from another switch");
    if (!account->pool) checkUnchanged(account, "forwarded");
    if (!list->FirstNetBuffer) complain("NdisFSendNetBufferLists: a list without a buffer");
    if (account->pool && !NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->IsPacketDataSafe)
        complain("NdisFSendNetBufferLists: a list of the driver's whose data is not said to be safe");
    return TRUE;
}

NTSYSAPI VOID NTAPI NdisFSendNetBufferLists(
    NDIS_HANDLE handle, PNET_BUFFER_LIST lists, NDIS_PORT_NUMBER port, ULONG flags) {
    struct FakeModule *module = moduleOf(handle, "NdisFSendNetBufferLists");
    PNET_BUFFER_LIST first = lists;
    if (!module) return;
    mustHoldNoLock("NdisFSendNetBufferLists");
    if (!lists) complain("NdisFSendNetBufferLists: no list");
    if (port != NDIS_DEFAULT_PORT_NUMBER) complain("NdisFSendNetBufferLists: port number %u", (unsigned)port);
    if (module->state != fakeRunning && module->state != fakePausing)
        complain("NdisFSendNetBufferLists: the module is not running (%u)", (unsigned)module->state);
    struct FakeContext *group = NULL;
    ULONG source = 0;
    for (PNET_BUFFER_LIST list = lists; list; list = list->Next) {
        struct FakeList *account = listOf(list);
        if (!account || !judge(module, list, account)) return;
        account->module = module;
        if (account->pool) InterlockedIncrement(&module->below);
        InterlockedIncrement64((LONG64 *)&fake.counters.sent);
        if (flags & NDIS_SEND_FLAGS_SWITCH_DESTINATION_GROUP && group && !sameDestinations(group, contextOf(list)))
            complain("NdisFSendNetBufferLists: a group with different destinations");
        ULONG here = NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->SourcePortId;
        if (flags & NDIS_SEND_FLAGS_SWITCH_SINGLE_SOURCE && group && here != source)
            complain("NdisFSendNetBufferLists: a single source that is not");
        group = contextOf(list);
        source = here;
        deliver(module->owner, list, !account->pool);
    }
    completeSends(module, first, flags);
}

// As many of a NIC's frames as fit, each padded to eight bytes; returns how many bytes that is.
ULONG collect(const struct FakePlace *place, PUCHAR bytes, ULONG limit) {
    ULONG at = 0;
    for (;;) {
        fakeLock();
        struct FakeSwitch *owner = switchNumbered(place->switchNumber);
        struct FakeNIC *nic = owner ? findNIC(owner, place->port, place->nic) : NULL;
        struct FakeDelivered *frame = nic ? nic->first : NULL;
        ULONG size = frame ? (ULONG)sizeof frame->frame + ((frame->frame.byteCount + 7) & ~7u) : 0;
        if (frame && at + size <= limit) {
            nic->first = frame->next;
            if (!nic->first) nic->last = NULL;
            nic->queued--;
        } else {
            frame = NULL;
        }
        fakeUnlock();
        if (!frame) return at;
        fakeCopy(bytes + at, &frame->frame, sizeof frame->frame);
        fakeCopy(bytes + at + sizeof frame->frame, frame->bytes, frame->frame.byteCount);
        at += size;
        ExFreePoolWithTag(frame, FAKE_TAG);
    }
}

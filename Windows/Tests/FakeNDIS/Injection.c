// Packets from the switch to the driver: built with awkward splits, watched while they are away, checked when they return.
#include "Fake.h"

static struct FakeList *unsafeLists;
static HANDLE scribbler;
static volatile LONG scribbling;

// MARK: - Building

static ULONG pieceLength(const struct FakeInjection *injection, ULONG index, ULONG left) {
    ULONG pieces = injection->pieces;
    if (index + 1 == pieces) return left;
    ULONG wanted = index == 0 && injection->firstPiece ? injection->firstPiece : injection->byteCount / pieces;
    return wanted < left ? wanted : left;
}

// A chain of descriptors for the frame, the first with unused bytes in front. The bytes themselves lie in pieces apart.
static PMDL buildChain(const struct FakeInjection *injection, const UCHAR *bytes) {
    PMDL first = NULL, *link = &first;
    ULONG left = injection->byteCount;
    for (ULONG index = 0; index < injection->pieces; index++) {
        ULONG length = pieceLength(injection, index, left), room = index == 0 ? injection->headroom : 0;
        PUCHAR memory = take(length + room + 1);
        fakeCopy(memory + room, bytes + (injection->byteCount - left), length);
        *link = describe(memory, length + room);
        link = &(*link)->Next;
        left -= length;
    }
    return first;
}

static void freeChain(PMDL mdl) {
    while (mdl) {
        PMDL next = mdl->Next;
        give(mdl->MappedSystemVa, mdl->ByteCount);
        InterlockedIncrement64((LONG64 *)&fake.counters.liveMdls);  // NdisFreeMdl counts it as the driver's
        NdisFreeMdl(mdl);
        mdl = next;
    }
}

static NET_BUFFER *buildBuffer(const struct FakeInjection *injection, const UCHAR *bytes) {
    NET_BUFFER *buffer = take(sizeof *buffer);
    buffer->MdlChain = buildChain(injection, bytes);
    buffer->DataOffset = injection->headroom;
    buffer->DataLength = injection->byteCount;
    buffer->CurrentMdl = buffer->MdlChain;
    buffer->CurrentMdlOffset = injection->headroom;
    while (buffer->CurrentMdl->Next && buffer->CurrentMdlOffset >= buffer->CurrentMdl->ByteCount) {
        buffer->CurrentMdlOffset -= buffer->CurrentMdl->ByteCount;
        buffer->CurrentMdl = buffer->CurrentMdl->Next;
    }
    return buffer;
}

static void setMetadata(PNET_BUFFER_LIST list, const struct FakeInjection *injection, BOOLEAN external) {
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO checksum = {.Value = NULL};
    NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO segment = {.Value = NULL};
    NDIS_NET_BUFFER_LIST_8021Q_INFO tag = {.Value = NULL};
    ULONG flags = injection->checksum;
    if (external) {
        checksum.Receive.IpChecksumSucceeded = (flags & FAKE_CHECKSUM_IPV4_HEADER) != 0;
        checksum.Receive.TcpChecksumSucceeded = (flags & FAKE_CHECKSUM_TCP) && !(flags & FAKE_CHECKSUM_FAILED);
        checksum.Receive.UdpChecksumSucceeded = (flags & FAKE_CHECKSUM_UDP) && !(flags & FAKE_CHECKSUM_FAILED);
        checksum.Receive.TcpChecksumFailed = (flags & FAKE_CHECKSUM_TCP) && (flags & FAKE_CHECKSUM_FAILED);
        checksum.Receive.UdpChecksumFailed = (flags & FAKE_CHECKSUM_UDP) && (flags & FAKE_CHECKSUM_FAILED);
    } else if (injection->segmentSize && flags & FAKE_CHECKSUM_UDP) {
        // UdpSegmentationOffloadInfo: size in 20 bits, offset of the header in 10, one reserved, version of IP.
        list->NetBufferListInfo[UdpSegmentationOffloadInfo] =
            (PVOID)(ULONG_PTR)((injection->segmentSize & 0xfffff) | (injection->tcpOffset & 0x3ff) << 20 |
                               (flags & FAKE_CHECKSUM_IPV6 ? 1u << 31 : 0));
    } else if (injection->segmentSize) {
        segment.LsoV2Transmit.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE;
        segment.LsoV2Transmit.MSS = injection->segmentSize;
        segment.LsoV2Transmit.TcpHeaderOffset = injection->tcpOffset;
        segment.LsoV2Transmit.IPVersion =
            flags & FAKE_CHECKSUM_IPV6 ? NDIS_TCP_LARGE_SEND_OFFLOAD_IPv6 : NDIS_TCP_LARGE_SEND_OFFLOAD_IPv4;
    } else {
        checksum.Transmit.IsIPv4 = (flags & FAKE_CHECKSUM_IPV4) != 0;
        checksum.Transmit.IsIPv6 = (flags & FAKE_CHECKSUM_IPV6) != 0;
        checksum.Transmit.IpHeaderChecksum = (flags & FAKE_CHECKSUM_IPV4_HEADER) != 0;
        checksum.Transmit.TcpChecksum = (flags & FAKE_CHECKSUM_TCP) != 0;
        checksum.Transmit.UdpChecksum = (flags & FAKE_CHECKSUM_UDP) != 0;
        checksum.Transmit.TcpHeaderOffset = injection->tcpOffset;
    }
    if (injection->vlan) {
        tag.TagHeader.VlanId = injection->vlan & 0xfff;
        tag.TagHeader.UserPriority = injection->vlan >> 13 & 7;
        tag.TagHeader.CanonicalFormatId = injection->vlan >> 12 & 1;
    }
    list->NetBufferListInfo[TcpIpChecksumNetBufferListInfo] = checksum.Value;
    list->NetBufferListInfo[TcpLargeSendNetBufferListInfo] = segment.Value;
    list->NetBufferListInfo[Ieee8021QNetBufferListInfo] = tag.Value;
}

static void setForwarding(PNET_BUFFER_LIST list, const struct FakeInjection *injection) {
    PNDIS_SWITCH_FORWARDING_DETAIL_NET_BUFFER_LIST_INFO detail = NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list);
    detail->SourcePortId = injection->place.port;
    detail->SourceNicIndex = injection->place.nic;
    detail->IsPacketDataSafe = !(injection->flags & FAKE_INJECT_UNSAFE);
    detail->SafePacketDataSize = injection->safeByteCount;
    detail->NativeForwardingRequired = (injection->flags & FAKE_INJECT_NATIVE) != 0;
}

static struct FakeList *buildList(
    struct FakeSwitch *owner, const struct FakeInjection *injection, const UCHAR *bytes, BOOLEAN external) {
    struct FakeList *account = allocateList(NULL);
    struct FakeShot *shot = take(sizeof *shot);
    shot->injection = *injection;
    shot->pristine = take(injection->byteCount);
    fakeCopy(shot->pristine, bytes, injection->byteCount);
    PNET_BUFFER *link = &account->list.FirstNetBuffer;
    for (ULONG index = 0; index < injection->buffers && index < 8; index++) {
        shot->piece[index].buffer = *link = buildBuffer(injection, bytes);
        shot->piece[index].mdl = (*link)->MdlChain;
        link = &(*link)->Next;
        shot->bufferCount++;
    }
    account->shot = shot;
    setMetadata(&account->list, injection, external);
    giveContext(owner, &account->list);
    setForwarding(&account->list, injection);
    NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(&account->list, (PVOID)(ULONG_PTR)FAKE_INJECT_CANCEL_ID(injection->flags));
    return account;
}

// MARK: - Memory that a guest changes all the while

static PUCHAR scribbledByte(struct FakeList *account) {
    ULONG at = account->shot->injection.scribbleAt;
    PMDL mdl = account->shot->piece[0].mdl;
    at += account->shot->injection.headroom;
    while (mdl && at >= mdl->ByteCount) {
        at -= mdl->ByteCount;
        mdl = mdl->Next;
    }
    return mdl ? (PUCHAR)mdl->MappedSystemVa + at : NULL;
}

static void scribble(PVOID argument) {
    UCHAR turn = 0;
    while (scribbling) {
        fakeLock();
        for (struct FakeList *account = unsafeLists; account; account = account->nextUnsafe) {
            PUCHAR byte = scribbledByte(account);
            ULONG at = account->shot->injection.scribbleAt;
            UCHAR value = turn ? (UCHAR)account->shot->injection.scribbleValue : account->shot->pristine[at];
            if (byte) *(volatile UCHAR *)byte = value;
        }
        fakeUnlock();
        turn ^= 1;
        ZwYieldExecution();
    }
}

static void addUnsafe(struct FakeList *account) {
    fakeLock();
    account->nextUnsafe = unsafeLists;
    unsafeLists = account;
    fakeUnlock();
    if (!InterlockedExchange(&scribbling, 1)) startThread(scribble, NULL, &scribbler);
}

static void removeUnsafe(struct FakeList *account) {
    fakeLock();
    for (struct FakeList **link = &unsafeLists; *link; link = &(*link)->nextUnsafe)
        if (*link == account) {
            *link = account->nextUnsafe;
            break;
        }
    fakeUnlock();
}

void stopScribbling(void) {
    if (InterlockedExchange(&scribbling, 0)) joinThread(scribbler);
}

// MARK: - Handing over and taking back

NDIS_STATUS inject(const struct FakeInjection *given, const UCHAR *bytes, ULONG count, ULONG *sent) {
    struct FakeInjection injection = *given;
    if (!injection.byteCount || injection.byteCount > count) return NDIS_STATUS_INVALID_LENGTH;
    if (!injection.pieces) injection.pieces = 1;
    if (!injection.buffers) injection.buffers = 1;
    if (!injection.lists) injection.lists = 1;
    if (injection.scribbleAt >= injection.byteCount) injection.scribbleAt = injection.byteCount - 1;
    fakeLock();
    struct FakeSwitch *owner = switchNumbered(injection.place.switchNumber);
    struct FakeNIC *nic = owner ? findNIC(owner, injection.place.port, injection.place.nic) : NULL;
    BOOLEAN legal = nic && (nic->connected || injection.flags & FAKE_INJECT_UNCONNECTED);
    BOOLEAN external = owner && isExternal(owner, injection.place.port);
    struct FakeModule *module = legal && owner->module && !owner->module->closed ? owner->module : NULL;
    if (module) InterlockedIncrement(&module->callers);
    fakeUnlock();
    *sent = 0;
    if (!legal) return NDIS_STATUS_INVALID_STATE;
    if (!module) return NDIS_STATUS_PAUSED;

    PNET_BUFFER_LIST first = NULL, *link = &first;
    for (ULONG index = 0; index < injection.lists; index++) {
        struct FakeList *account = buildList(owner, &injection, bytes, external);
        account->module = module;
        account->state = fakeInDriver;
        if (injection.flags & FAKE_INJECT_UNSAFE) addUnsafe(account);
        *link = &account->list;
        link = &account->list.Next;
    }
    InterlockedExchangeAdd64((LONG64 *)&fake.counters.injected, injection.lists);
    InterlockedExchangeAdd(&module->inDriver, injection.lists);
    *sent = injection.lists;
    ULONG flags = (injection.flags & FAKE_INJECT_DISPATCH ? NDIS_SEND_FLAGS_DISPATCH_LEVEL : 0) |
                  (injection.flags & FAKE_INJECT_SINGLE_SOURCE ? NDIS_SEND_FLAGS_SWITCH_SINGLE_SOURCE : 0);
    BOOLEAN dispatch = (flags & NDIS_SEND_FLAGS_DISPATCH_LEVEL) != 0;
    LONG level = raiseForCall(dispatch);
    fake.driverCharacteristics.SendNetBufferListsHandler(module->context, first, NDIS_DEFAULT_PORT_NUMBER, flags);
    checkAfterCall(level, dispatch, "FilterSendNetBufferLists");
    exitModule(module);
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS cancelSends(struct FakeSwitch *owner, ULONG identifier) {
    struct FakeModule *module = enterModule(owner);
    if (!module) return NDIS_STATUS_INVALID_STATE;
    LONG level = raiseForCall(TRUE);
    fake.driverCharacteristics.CancelSendNetBufferListsHandler(module->context, (PVOID)(ULONG_PTR)identifier);
    checkAfterCall(level, TRUE, "FilterCancelSendNetBufferLists");
    exitModule(module);
    return NDIS_STATUS_SUCCESS;
}

// The data is the switch's: a driver that wants other bytes makes a list of its own.
void checkUnchanged(struct FakeList *account, const char *when) {
    struct FakeShot *shot = account->shot;
    PNET_BUFFER buffer = account->list.FirstNetBuffer;
    PUCHAR bytes = take(shot->injection.byteCount);
    for (ULONG index = 0; index < shot->bufferCount; index++, buffer = buffer ? buffer->Next : NULL) {
        if (buffer != shot->piece[index].buffer || buffer->MdlChain != shot->piece[index].mdl ||
            buffer->DataOffset != shot->injection.headroom || buffer->DataLength != shot->injection.byteCount) {
            complain("%s: a buffer of the switch's was not put back as it was", when);
            break;
        }
        copyFromBuffer(buffer, bytes, shot->injection.byteCount);
        for (ULONG at = 0; at < shot->injection.byteCount; at++)
            if (bytes[at] != shot->pristine[at] &&
                !(shot->injection.flags & FAKE_INJECT_UNSAFE && at == shot->injection.scribbleAt)) {
                complain("%s: byte %u of the switch's data was changed", when, (unsigned)at);
                break;
            }
    }
    give(bytes, shot->injection.byteCount);
}

void returnOurs(struct FakeList *account) {
    struct FakeShot *shot = account->shot;
    if (InterlockedExchange(&account->state, fakeHome) != fakeInDriver) {
        complain("a list was returned that the driver does not hold");
        return;
    }
    if (shot->injection.flags & FAKE_INJECT_UNSAFE) removeUnsafe(account);
    checkUnchanged(account, "returned");
    if (account->wasBelow && account->list.Status != account->statusBelow)
        complain("a list came back from below with status %08x, and was returned with %08x", (unsigned)account->statusBelow,
                 (unsigned)account->list.Status);
    for (ULONG index = 0; index < shot->bufferCount; index++) {
        freeChain(shot->piece[index].mdl);
        give(shot->piece[index].buffer, sizeof(NET_BUFFER));
    }
    give(shot->pristine, shot->injection.byteCount);
    give(shot, sizeof *shot);
    takeContext(&account->list);
    struct FakeModule *module = account->module;
    freeList(account);
    InterlockedIncrement64((LONG64 *)&fake.counters.returned);
    InterlockedDecrement(&module->inDriver);
}

NTSYSAPI VOID NTAPI NdisFSendNetBufferListsComplete(NDIS_HANDLE handle, PNET_BUFFER_LIST lists, ULONG flags) {
    struct FakeModule *module = moduleOf(handle, "NdisFSendNetBufferListsComplete");
    if (!module) return;
    mustHoldNoLock("NdisFSendNetBufferListsComplete");
    for (PNET_BUFFER_LIST next; lists; lists = next) {
        struct FakeList *account = listOf(lists);
        if (!account) return;
        next = lists->Next;
        if (account->pool)
            complain("NdisFSendNetBufferListsComplete: the list is the driver's own");
        else if (account->module != module)
            complain("NdisFSendNetBufferListsComplete: the list came from another switch");
        else
            returnOurs(account);
    }
}

// Pools, lists, buffers and memory descriptors. Each allocation carries an account in front of what the driver sees.
#include "Fake.h"

#define ROUND_UP(value) (((value) + 15) & ~15u)

struct FakeMDL {
    ULONG magic;
    ULONG unused[3];
    MDL mdl;
};
#define FAKE_MDL_MAGIC 0x204c444du

static void count(ULONG64 *counter, int change) {
    if (change > 0)
        InterlockedIncrement64((LONG64 *)counter);
    else
        InterlockedDecrement64((LONG64 *)counter);
}

// The account of a list, or NULL and a complaint if that is not a list of this simulation's.
struct FakeList *listOf(PNET_BUFFER_LIST list) {
    struct FakeList *account = CONTAINING_RECORD(list, struct FakeList, list);
    if (list && account->magic == FAKE_LIST_MAGIC && account->state != fakeFreed) return account;
    complain("%p is not a NET_BUFFER_LIST, or one already freed", list);
    return NULL;
}

struct FakeList *allocateList(struct FakePool *pool) {
    struct FakeList *account = take(sizeof *account);
    if (!account) return NULL;
    account->magic = FAKE_LIST_MAGIC;
    account->pool = pool;
    account->state = pool ? fakeInDriver : fakeHome;
    account->list.NdisPoolHandle = pool ? (NDIS_HANDLE)pool : (NDIS_HANDLE)&fake;
    return account;
}

void freeList(struct FakeList *account) {
    account->state = fakeFreed;
    if (account->context) ExFreePoolWithTag(account->context, FAKE_TAG);
    account->magic = 0;
    give(account, sizeof *account);
}

NTSYSAPI NDIS_HANDLE NTAPI NdisAllocateNetBufferListPool(NDIS_HANDLE handle, PNET_BUFFER_LIST_POOL_PARAMETERS parameters) {
    if (parameters->Header.Type != NDIS_OBJECT_TYPE_DEFAULT || parameters->Header.Revision != 1 ||
        parameters->Header.Size < 16)
        complain("NdisAllocateNetBufferListPool: header %02x/%u/%u", parameters->Header.Type, parameters->Header.Revision,
                 parameters->Header.Size);
    if (!parameters->PoolTag) complain("NdisAllocateNetBufferListPool: no pool tag");
    if (allocationFails()) return NULL;
    struct FakePool *pool = take(sizeof *pool);
    pool->magic = FAKE_POOL_MAGIC;
    pool->parameters = *parameters;
    count(&fake.counters.livePools, 1);
    return pool;
}

NTSYSAPI VOID NTAPI NdisFreeNetBufferListPool(NDIS_HANDLE handle) {
    struct FakePool *pool = handle;
    if (!pool || pool->magic != FAKE_POOL_MAGIC) {
        complain("NdisFreeNetBufferListPool: %p is no pool", handle);
        return;
    }
    if (pool->live) complain("NdisFreeNetBufferListPool: %d lists of the pool are still allocated", (int)pool->live);
    pool->magic = 0;
    count(&fake.counters.livePools, -1);
    give(pool, sizeof *pool);
}

// The place of an offset in a chain of descriptors.
static void place(PNET_BUFFER buffer, ULONG offset) {
    PMDL mdl = buffer->MdlChain;
    while (mdl && offset >= mdl->ByteCount && mdl->Next) {
        offset -= mdl->ByteCount;
        mdl = mdl->Next;
    }
    buffer->CurrentMdl = mdl;
    buffer->CurrentMdlOffset = offset;
}

NTSYSAPI PNET_BUFFER_LIST NTAPI NdisAllocateNetBufferAndNetBufferList(
    NDIS_HANDLE handle, USHORT contextSize, USHORT contextBackFill, PMDL mdlChain, ULONG dataOffset, SIZE_T dataLength) {
    struct FakePool *pool = handle;
    if (!pool || pool->magic != FAKE_POOL_MAGIC || !pool->parameters.fAllocateNetBuffer) {
        complain("NdisAllocateNetBufferAndNetBufferList: %p is no pool with buffers", handle);
        return NULL;
    }
    ULONG total = contextSize + contextBackFill + pool->parameters.ContextSize;
    if (total != ROUND_UP(total)) complain("NdisAllocateNetBufferAndNetBufferList: context of %u bytes", (unsigned)total);
    if (allocationFails()) return NULL;
    struct FakeList *account = allocateList(pool);
    if (!account) return NULL;
    if (total) {
        account->context = take(sizeof(NET_BUFFER_LIST_CONTEXT) + total);
        account->list.Context = account->context;
        account->list.Context->Size = (USHORT)total;
        account->list.Context->Offset = contextBackFill;
    }
    account->buffer.MdlChain = mdlChain;
    account->buffer.DataOffset = dataOffset;
    account->buffer.DataLength = (ULONG)dataLength;
    account->buffer.NdisPoolHandle = pool;
    place(&account->buffer, dataOffset);
    account->list.FirstNetBuffer = &account->buffer;
    InterlockedIncrement(&pool->live);
    count(&fake.counters.liveLists, 1);
    return &account->list;
}

NTSYSAPI VOID NTAPI NdisFreeNetBufferList(PNET_BUFFER_LIST list) {
    struct FakeList *account = listOf(list);
    if (!account) return;
    if (!account->pool) {
        complain("NdisFreeNetBufferList: the list is not the driver's");
        return;
    }
    if (account->state == fakeBelow) complain("NdisFreeNetBufferList: the list was sent and is not completed");
    if (list->NetBufferListInfo[SwitchForwardingReserved]) {
        complain("NdisFreeNetBufferList: its forwarding context was not freed");
        takeContext(list);
    }
    if (account->list.ChildRefCount) complain("NdisFreeNetBufferList: %d children", (int)account->list.ChildRefCount);
    InterlockedDecrement(&account->pool->live);
    count(&fake.counters.liveLists, -1);
    freeList(account);
}

// A descriptor of memory that is there; Wine's MmBuildMdlForNonPagedPool leaves one unusable.
PMDL describe(PVOID address, ULONG length) {
    struct FakeMDL *account = take(sizeof *account + 16 * sizeof(PVOID));
    if (!account) return NULL;
    account->magic = FAKE_MDL_MAGIC;
    account->mdl.Size = sizeof(MDL) + 16 * sizeof(PVOID);
    account->mdl.MdlFlags = MDL_SOURCE_IS_NONPAGED_POOL;
    account->mdl.MappedSystemVa = address;
    account->mdl.StartVa = (PVOID)((ULONG_PTR)address & ~(ULONG_PTR)0xfff);
    account->mdl.ByteOffset = (ULONG)((ULONG_PTR)address & 0xfff);
    account->mdl.ByteCount = length;
    return &account->mdl;
}

NTSYSAPI PMDL NTAPI NdisAllocateMdl(NDIS_HANDLE handle, PVOID address, UINT length) {
    if (allocationFails()) return NULL;
    PMDL mdl = describe(address, length);
    if (mdl) count(&fake.counters.liveMdls, 1);
    return mdl;
}

NTSYSAPI VOID NTAPI NdisFreeMdl(PMDL mdl) {
    struct FakeMDL *account = CONTAINING_RECORD(mdl, struct FakeMDL, mdl);
    if (!mdl || account->magic != FAKE_MDL_MAGIC) {
        complain("NdisFreeMdl: %p is no descriptor, or one already freed", mdl);
        return;
    }
    account->magic = 0;
    count(&fake.counters.liveMdls, -1);
    give(account, sizeof *account);
}

// The bytes of a buffer; complains when its length reaches behind its descriptors.
ULONG copyFromBuffer(PNET_BUFFER buffer, PUCHAR bytes, ULONG limit) {
    ULONG left = buffer->DataLength < limit ? buffer->DataLength : limit, copied = 0, offset = buffer->DataOffset;
    PMDL mdl = buffer->MdlChain;
    for (; mdl && left; mdl = mdl->Next) {
        if (offset >= mdl->ByteCount) {
            offset -= mdl->ByteCount;
            continue;
        }
        ULONG here = mdl->ByteCount - offset;
        if (here > left) here = left;
        fakeCopy(bytes + copied, (PUCHAR)mdl->MappedSystemVa + offset, here);
        copied += here;
        left -= here;
        offset = 0;
    }
    if (left) complain("a NET_BUFFER says %u bytes, its descriptors hold %u", (unsigned)buffer->DataLength, (unsigned)copied);
    PMDL current = buffer->CurrentMdl;
    NET_BUFFER placed = *buffer;
    place(&placed, buffer->DataOffset);
    if (current != placed.CurrentMdl || buffer->CurrentMdlOffset != placed.CurrentMdlOffset)
        complain("a NET_BUFFER's current descriptor does not agree with its data offset");
    return copied;
}

NTSYSAPI PVOID NTAPI NdisGetDataBuffer(PNET_BUFFER buffer, ULONG needed, PVOID storage, UINT align, UINT alignOffset) {
    if (buffer->DataLength < needed) return NULL;
    PMDL mdl = buffer->CurrentMdl;
    if (mdl && mdl->ByteCount - buffer->CurrentMdlOffset >= needed)
        return (PUCHAR)mdl->MappedSystemVa + buffer->CurrentMdlOffset;
    if (!storage) return NULL;
    copyFromBuffer(buffer, storage, needed);
    return storage;
}

// The driver's imports from the kernel, watched. Wine knows no IRQL and keeps no account of pool memory; so when this is
// loaded, before the driver's entry is called, the import table of whoever imports it is pointed at functions here.
#include "Fake.h"

#include <stddef.h>

#define THREAD_LIMIT 128
// What is larger is not kept for a while after it was given back.
#define LARGE_BLOCK_BYTES (1u << 20)
#define FRONT_MAGIC 0x6b636f6c42656b61ull
#define BACK_MAGIC 0x646e456b636f6c42ull

// MARK: - What is known of a thread

struct Thread {
    HANDLE volatile identifier;
    LONG irql;
    LONG locks;
};

static struct Thread threads[THREAD_LIMIT];

static struct Thread *current(void) {
    HANDLE identifier = PsGetCurrentThreadId();
    ULONG start = (ULONG)((ULONG_PTR)identifier >> 2) % THREAD_LIMIT;
    for (ULONG step = 0; step < THREAD_LIMIT; step++) {
        struct Thread *thread = &threads[(start + step) % THREAD_LIMIT];
        if (thread->identifier == identifier) return thread;
        if (!thread->identifier && !InterlockedCompareExchangePointer(&thread->identifier, identifier, NULL)) return thread;
    }
    return &threads[start];
}

LONG raiseForCall(BOOLEAN dispatch) {
    struct Thread *thread = current();
    LONG before = thread->irql;
    if (dispatch && before < DISPATCH_LEVEL) thread->irql = DISPATCH_LEVEL;
    return before;
}

// After a call of the driver: it must be at the level at which it was called, with no lock held that it did not hold before.
void checkAfterCall(LONG before, BOOLEAN dispatch, const char *what) {
    struct Thread *thread = current();
    LONG expected = dispatch && before < DISPATCH_LEVEL ? DISPATCH_LEVEL : before;
    if (thread->irql != expected) complain("%s returned at IRQL %d, called at %d", what, (int)thread->irql, (int)expected);
    thread->irql = before;
    if (thread->locks && before < DISPATCH_LEVEL) {
        complain("%s returned with %d spin locks held", what, (int)thread->locks);
        thread->locks = 0;
    }
}

void mustBePassive(const char *what) {
    if (current()->irql >= DISPATCH_LEVEL) complain("%s at DISPATCH_LEVEL", what);
}

void mustHoldNoLock(const char *what) {
    if (current()->locks) complain("%s with %d spin locks held", what, (int)current()->locks);
}

// MARK: - Pool memory

struct Block {
    ULONG64 magic;
    SIZE_T size;
    ULONG tag;
    ULONG unused;
    struct Block *next, *previous;
    ULONG64 front;
};
_Static_assert(sizeof(struct Block) % 16 == 0, "what follows is aligned as pool memory is");

static struct Block *blocks;
// What the driver has, and how much the system has in all; no limit if zero.
static volatile LONG64 poolUsed;
static ULONG64 poolLimit;
static PVOID(NTAPI *realAllocate)(POOL_TYPE, SIZE_T, ULONG);
static VOID(NTAPI *realFree)(PVOID, ULONG);

static PVOID NTAPI allocatePool(POOL_TYPE type, SIZE_T size, ULONG tag) {
    if (!tag) complain("ExAllocatePoolWithTag: no tag");
    if (!size) complain("ExAllocatePoolWithTag: no bytes");
    if ((type & ~0x200) != NonPagedPool && current()->irql >= DISPATCH_LEVEL) complain("paged pool at DISPATCH_LEVEL");
    if (fake.poolFails && allocationFails()) return NULL;
    if (poolLimit && (ULONG64)InterlockedExchangeAdd64(&poolUsed, 0) + size > poolLimit) return NULL;
    struct Block *block = realAllocate(NonPagedPool, sizeof *block + size + 8, tag);
    if (!block) return NULL;
    block->magic = FRONT_MAGIC;
    block->front = BACK_MAGIC;
    block->size = size;
    block->tag = tag;
    block->previous = NULL;
    PUCHAR bytes = (PUCHAR)(block + 1);
    for (SIZE_T index = 0; index < size; index++) bytes[index] = 0xcd;
    fakeCopy(bytes + size, &(ULONG64){BACK_MAGIC}, 8);
    fakeLock();
    block->next = blocks;
    if (blocks) blocks->previous = block;
    blocks = block;
    fake.counters.liveMemory++;
    fakeUnlock();
    InterlockedExchangeAdd64(&poolUsed, (LONG64)size);
    return bytes;
}

static VOID NTAPI freePoolWithTag(PVOID memory, ULONG tag) {
    struct Block *block = (struct Block *)memory - 1;
    if (!memory) {
        complain("ExFreePool: of NULL");
        return;
    }
    if (wasGivenBlock(block)) {
        complain("ExFreePool: %p is freed already", memory);
        return;
    }
    if (block->magic != FRONT_MAGIC) {
        // From the time before the driver registered, when it was not watched yet.
        realFree(memory, tag);
        return;
    }
    ULONG64 back;
    fakeCopy(&back, (PUCHAR)memory + block->size, 8);
    if (block->front != BACK_MAGIC || back != BACK_MAGIC)
        complain("pool memory of %u bytes was overrun", (unsigned)block->size);
    if (tag && tag != block->tag) complain("ExFreePoolWithTag: another tag than at allocation");
    fakeLock();
    if (block->previous)
        block->previous->next = block->next;
    else
        blocks = block->next;
    if (block->next) block->next->previous = block->previous;
    fake.counters.liveMemory--;
    fakeUnlock();
    InterlockedExchangeAdd64(&poolUsed, -(LONG64)block->size);
    if (block->size > LARGE_BLOCK_BYTES)
        realFree(block, tag);
    else
        giveBlock(block, sizeof *block + block->size + 8);
}

static VOID NTAPI freePool(PVOID memory) { freePoolWithTag(memory, 0); }

// What the driver has not freed, by tag.
void complainOfPoolMemory(void) {
    for (;;) {
        ULONG tag = 0, count = 0;
        SIZE_T size = 0;
        fakeLock();
        for (struct Block *block = blocks; block; block = block->next) {
            if (!tag && block->tag) tag = block->tag;
            if (tag && block->tag == tag) {
                count++;
                size += block->size;
                block->tag = 0;
            }
        }
        fakeUnlock();
        if (!count) return;
        complain("pool memory is left: %u pieces, %u bytes, tag %c%c%c%c", (unsigned)count, (unsigned)size, (int)(tag & 0xff),
                 (int)(tag >> 8 & 0xff), (int)(tag >> 16 & 0xff), (int)(tag >> 24));
    }
}

// MARK: - Levels and locks

static void lockLoop(PKSPIN_LOCK lock) {
    while (InterlockedExchange64((LONG64 volatile *)lock, 1)) ZwYieldExecution();
}

static void unlock(PKSPIN_LOCK lock, struct Thread *thread, const char *who) {
    if (!InterlockedExchange64((LONG64 volatile *)lock, 0)) complain("%s: the lock is free", who);
    if (thread->locks == 0)
        complain("%s: this thread holds no lock", who);
    else
        thread->locks--;
}

static KIRQL NTAPI acquireRaising(PKSPIN_LOCK lock) {
    struct Thread *thread = current();
    LONG before = thread->irql;
    thread->irql = DISPATCH_LEVEL;
    lockLoop(lock);
    thread->locks++;
    return (KIRQL)before;
}

static VOID NTAPI releaseLowering(PKSPIN_LOCK lock, KIRQL irql) {
    struct Thread *thread = current();
    unlock(lock, thread, "KeReleaseSpinLock");
    thread->irql = irql;
}

static VOID NTAPI acquireAtDispatch(PKSPIN_LOCK lock) {
    struct Thread *thread = current();
    if (thread->irql < DISPATCH_LEVEL) complain("KeAcquireSpinLockAtDpcLevel below DISPATCH_LEVEL");
    lockLoop(lock);
    thread->locks++;
}

static VOID NTAPI releaseAtDispatch(PKSPIN_LOCK lock) { unlock(lock, current(), "KeReleaseSpinLockFromDpcLevel"); }

static KIRQL NTAPI raiseToDispatch(void) { return (KIRQL)raiseForCall(TRUE); }

static KIRQL NTAPI raise(KIRQL irql) {
    struct Thread *thread = current();
    LONG before = thread->irql;
    if (irql < before) complain("KfRaiseIrql: from %d down to %d", (int)before, irql);
    thread->irql = irql;
    return (KIRQL)before;
}

static VOID NTAPI lower(KIRQL irql) {
    struct Thread *thread = current();
    if (irql > thread->irql) complain("KeLowerIrql: from %d up to %d", (int)thread->irql, irql);
    if (thread->locks && irql < DISPATCH_LEVEL) complain("KeLowerIrql with a spin lock held");
    thread->irql = irql;
}

static KIRQL NTAPI currentLevel(void) { return (KIRQL)current()->irql; }

// MARK: - Waiting

static NTSTATUS(NTAPI *realWait)(PVOID, KWAIT_REASON, KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER);
static NTSTATUS(NTAPI *realDelay)(KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER);

static NTSTATUS NTAPI waitForObject(PVOID object, KWAIT_REASON why, KPROCESSOR_MODE mode, BOOLEAN alertable, PLARGE_INTEGER time) {
    if (!time || time->QuadPart) mustBePassive("KeWaitForSingleObject");
    return realWait(object, why, mode, alertable, time);
}

static NTSTATUS NTAPI delay(KPROCESSOR_MODE mode, BOOLEAN alertable, PLARGE_INTEGER time) {
    mustBePassive("KeDelayExecutionThread");
    return realDelay(mode, alertable, time);
}

static NTSTATUS(NTAPI *realOpenKey)(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
static NTSTATUS(NTAPI *realQueryValue)(HANDLE, PUNICODE_STRING, KEY_VALUE_INFORMATION_CLASS, PVOID, ULONG, PULONG);
static NTSTATUS(NTAPI *realCreateThread)(PHANDLE, ULONG, POBJECT_ATTRIBUTES, HANDLE, PCLIENT_ID, PKSTART_ROUTINE, PVOID);

static NTSTATUS NTAPI openKey(PHANDLE key, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
    mustBePassive("ZwOpenKey");
    return realOpenKey(key, access, attributes);
}

static NTSTATUS NTAPI queryValue(
    HANDLE key, PUNICODE_STRING name, KEY_VALUE_INFORMATION_CLASS kind, PVOID value, ULONG length, PULONG needed) {
    mustBePassive("ZwQueryValueKey");
    return realQueryValue(key, name, kind, value, length, needed);
}

static NTSTATUS NTAPI createThread(
    PHANDLE handle, ULONG access, POBJECT_ATTRIBUTES attributes, HANDLE process, PCLIENT_ID client, PKSTART_ROUTINE start,
    PVOID context) {
    mustBePassive("PsCreateSystemThread");
    return realCreateThread(handle, access, attributes, process, client, start, context);
}

// MARK: - The machine

// Numbers of the machine that the driver is loaded on, where a test has set others in the registry.
static ULONG machineValue(const WCHAR *name) {
    static UNICODE_STRING path = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\Software\\FakeNDIS");
    OBJECT_ATTRIBUTES attributes;
    HANDLE key;
    UNICODE_STRING value;
    ULONG needed, result = 0;
    struct {
        ULONG index, kind, length;
        ULONG number;
    } found;
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (!NT_SUCCESS(ZwOpenKey(&key, KEY_READ, &attributes))) return 0;
    RtlInitUnicodeString(&value, name);
    NTSTATUS status = ZwQueryValueKey(key, &value, KeyValuePartialInformation, &found, sizeof found, &needed);
    if (NT_SUCCESS(status) && found.length == 4) result = found.number;
    ZwClose(key);
    return result;
}

static ULONG(NTAPI *realProcessorCount)(PVOID);
static NTSTATUS(NTAPI *realSystemInformation)(ULONG, PVOID, ULONG, PULONG);

static ULONG NTAPI processorCount(PVOID active) {
    ULONG count = machineValue(L"Processors");
    return count ? count : realProcessorCount(active);
}

static NTSTATUS NTAPI systemInformation(ULONG what, PVOID buffer, ULONG length, PULONG needed) {
    mustBePassive("ZwQuerySystemInformation");
    NTSTATUS status = realSystemInformation(what, buffer, length, needed);
    ULONG megabytes = machineValue(L"MemoryMegabytes"), *words = buffer;
    if (what == 0 && megabytes) words[3] = (ULONG)(((ULONG64)megabytes << 20) / words[2]);
    return status;
}

// MARK: - The import table

struct Watched {
    const char *name;
    PVOID function;
    PVOID *real;
};

static const struct Watched watched[] = {
    {"ExAllocatePoolWithTag", allocatePool, (PVOID *)&realAllocate},
    {"ExFreePoolWithTag", freePoolWithTag, (PVOID *)&realFree},
    {"ExFreePool", freePool, NULL},
    {"KeAcquireSpinLockRaiseToDpc", acquireRaising, NULL},
    {"KeReleaseSpinLock", releaseLowering, NULL},
    {"KeAcquireSpinLockAtDpcLevel", acquireAtDispatch, NULL},
    {"KeReleaseSpinLockFromDpcLevel", releaseAtDispatch, NULL},
    {"KeRaiseIrqlToDpcLevel", raiseToDispatch, NULL},
    {"KfRaiseIrql", raise, NULL},
    {"KeLowerIrql", lower, NULL},
    {"KeGetCurrentIrql", currentLevel, NULL},
    {"KeWaitForSingleObject", waitForObject, (PVOID *)&realWait},
    {"KeDelayExecutionThread", delay, (PVOID *)&realDelay},
    {"ZwOpenKey", openKey, (PVOID *)&realOpenKey},
    {"ZwQueryValueKey", queryValue, (PVOID *)&realQueryValue},
    {"PsCreateSystemThread", createThread, (PVOID *)&realCreateThread},
    {"KeQueryActiveProcessorCount", processorCount, (PVOID *)&realProcessorCount},
    {"ZwQuerySystemInformation", systemInformation, (PVOID *)&realSystemInformation},
};

static BOOLEAN same(const char *one, const char *other) {
    while (*one && *one == *other) one++, other++;
    return *one == *other;
}

struct ImportDescriptor {
    ULONG names, timeStamp, forwarder, module, addresses;
};

static struct ImportDescriptor *importsOf(PUCHAR image) {
    PUCHAR headers = image + *(ULONG *)(image + 0x3c);
    ULONG directory = *(ULONG *)(headers + 24 + 112 + 8);  // the optional header's import entry, PE32+
    return directory ? (struct ImportDescriptor *)(image + directory) : NULL;
}

static BOOLEAN isOurName(const char *name) {
    static const char ours[] = "ndis.sys";
    ULONG index = 0;
    while (ours[index] && (name[index] | 0x20) == (ours[index] | 0x20)) index++;
    return !ours[index] && !name[index];
}

static BOOLEAN importsUs(PUCHAR image) {
    struct ImportDescriptor *descriptor = importsOf(image);
    for (; descriptor && descriptor->module; descriptor++)
        if (isOurName((const char *)image + descriptor->module)) return TRUE;
    return FALSE;
}

static void watch(PUCHAR image) {
    for (struct ImportDescriptor *descriptor = importsOf(image); descriptor->module; descriptor++) {
        ULONG64 *names = (ULONG64 *)(image + descriptor->names);
        PVOID *entries = (PVOID *)(image + descriptor->addresses);
        for (ULONG index = 0; names[index]; index++) {
            if (names[index] >> 63) continue;
            const char *name = (const char *)image + names[index] + 2;
            for (ULONG which = 0; which < sizeof watched / sizeof watched[0]; which++)
                if (same(name, watched[which].name)) {
                    if (watched[which].real) *watched[which].real = entries[index];
                    entries[index] = watched[which].function;  // the linker puts this section into writable memory
                }
        }
    }
}

// The loader's list of modules, as far as it concerns us (PEB_LDR_DATA, LDR_DATA_TABLE_ENTRY).
struct LoadedModule {
    LIST_ENTRY loadOrder, memoryOrder, initializationOrder;
    PUCHAR image;
};

void watchImporters(void) {
    PUCHAR block, loader;
    realAllocate = ExAllocatePoolWithTag;
    realFree = ExFreePoolWithTag;
    poolLimit = (ULONG64)machineValue(L"PoolMegabytes") << 20;
    __asm__("mov %%gs:0x60, %0" : "=r"(block));
    loader = *(PUCHAR *)(block + 0x18);
    LIST_ENTRY *head = (LIST_ENTRY *)(loader + 0x10);
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        PUCHAR image = CONTAINING_RECORD(link, struct LoadedModule, loadOrder)->image;
        if (importsUs(image)) watch(image);
    }
}

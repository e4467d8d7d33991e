// Memory, a lock, threads and time: the plain things.
#include "Fake.h"

#define QUARANTINE 512

static PVOID quarantine[QUARANTINE];
static BOOLEAN isBlock[QUARANTINE];
static ULONG quarantineNext;

// One lock for all accounts. It is held for a few instructions, and never while the driver is called.
void fakeLock(void) {
    while (InterlockedExchange(&fake.lock, 1)) ZwYieldExecution();
}

void fakeUnlock(void) { InterlockedExchange(&fake.lock, 0); }

void fakeCopy(PVOID target, const void *source, SIZE_T count) {
    for (SIZE_T index = 0; index < count; index++) ((volatile UCHAR *)target)[index] = ((const UCHAR *)source)[index];
}

void fakeZero(PVOID target, SIZE_T count) {
    for (SIZE_T index = 0; index < count; index++) ((volatile UCHAR *)target)[index] = 0;
}

PVOID take(SIZE_T size) {
    PVOID memory = ExAllocatePoolWithTag(NonPagedPool, size, FAKE_TAG);
    if (memory) fakeZero(memory, size);
    return memory;
}

static void spoil(PVOID memory, SIZE_T size, BOOLEAN block) {
    if (!memory) return;
    for (SIZE_T index = 0; index < size; index++) ((volatile UCHAR *)memory)[index] = 0xdd;
    fakeLock();
    PVOID old = quarantine[quarantineNext];
    quarantine[quarantineNext] = memory;
    isBlock[quarantineNext] = block;
    quarantineNext = (quarantineNext + 1) % QUARANTINE;
    fakeUnlock();
    if (old) ExFreePoolWithTag(old, FAKE_TAG);
}

// What is given back is spoilt and kept for a while, so that its use afterwards shows.
void give(PVOID memory, SIZE_T size) { spoil(memory, size, FALSE); }

void giveBlock(PVOID memory, SIZE_T size) { spoil(memory, size, TRUE); }

// Whether pool memory of the driver's was given back lately.
BOOLEAN wasGivenBlock(PVOID memory) {
    BOOLEAN found = FALSE;
    fakeLock();
    for (ULONG index = 0; index < QUARANTINE && !found; index++) found = isBlock[index] && quarantine[index] == memory;
    fakeUnlock();
    return found;
}

// Whether this allocation is one of those that the test wants to fail.
BOOLEAN allocationFails(void) {
    LONG every = fake.allocationsFailEvery;
    return every > 0 && InterlockedIncrement(&fake.allocationNumber) % every == 0;
}

void sleepMilliseconds(ULONG milliseconds) {
    LARGE_INTEGER time;
    time.QuadPart = -10000ll * milliseconds;
    KeDelayExecutionThread(KernelMode, FALSE, &time);
}

BOOLEAN waitFor(KEVENT *event, ULONG milliseconds) {
    LARGE_INTEGER time;
    time.QuadPart = -10000ll * milliseconds;
    return KeWaitForSingleObject(event, Executive, KernelMode, FALSE, &time) == STATUS_SUCCESS;
}

struct FakeThread {
    void (*body)(PVOID);
    PVOID argument;
};

static VOID NTAPI threadStart(PVOID context) {
    struct FakeThread thread = *(struct FakeThread *)context;
    ExFreePoolWithTag(context, FAKE_TAG);
    thread.body(thread.argument);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

NTSTATUS startThread(void (*body)(PVOID), PVOID argument, HANDLE *handle) {
    struct FakeThread *thread = take(sizeof *thread);
    thread->body = body;
    thread->argument = argument;
    return PsCreateSystemThread(handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, threadStart, thread);
}

void joinThread(HANDLE thread) {
    ZwWaitForSingleObject(thread, FALSE, NULL);
    ZwClose(thread);
}

NTSYSAPI PVOID NTAPI NdisAllocateMemoryWithTagPriority(NDIS_HANDLE handle, UINT length, ULONG tag, int priority) {
    if (allocationFails()) return NULL;
    PVOID memory = ExAllocatePoolWithTag(NonPagedPool, length, tag);
    if (memory) InterlockedIncrement64((LONG64 *)&fake.counters.liveMemory);
    return memory;
}

NTSYSAPI VOID NTAPI NdisFreeMemory(PVOID memory, UINT length, UINT flags) {
    ExFreePool(memory);
    InterlockedDecrement64((LONG64 *)&fake.counters.liveMemory);
}

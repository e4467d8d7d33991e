// A thread of the simulation's own that completes later what could have been completed at once, and what it holds until then.
//
// It is one thread, so that it may be far behind: whoever waits for something of the queue's knows its place in it.
#include "Fake.h"

struct Work {
    struct Work *next;
    struct FakeModule *module;
    PNET_BUFFER_LIST lists;
    PNDIS_OID_REQUEST request;
    BOOLEAN held;  // the layer below has not looked at the request yet
    NDIS_STATUS status;
};

// At most so many lists are completed in one call.
#define COMPLETION_LIMIT 64

static struct Work *first, *last;
// How many lists and requests were ever put into the queue, and have left it.
static volatile LONG64 queued, done;
static KEVENT wake;
static volatile LONG running;
static HANDLE worker;

// MARK: - Completion

static void completeNow(struct FakeModule *module, PNET_BUFFER_LIST lists, NDIS_STATUS status, ULONG flags) {
    LONG own = 0;
    for (PNET_BUFFER_LIST list = lists; list; list = list->Next) {
        struct FakeList *account = listOf(list);
        if (!account) return;
        InterlockedExchange(&account->state, fakeInDriver);
        account->wasBelow = TRUE;
        list->Status = account->statusBelow = status;
        InterlockedIncrement64((LONG64 *)&fake.counters.completions);
        if (account->pool) own++;
    }
    // From the call on they are the driver's, which may say within it that it has paused.
    InterlockedExchangeAdd(&module->below, -own);
    BOOLEAN dispatch = (flags & NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL) != 0;
    LONG level = raiseForCall(dispatch);
    if (fake.driverCharacteristics.SendNetBufferListsCompleteHandler)
        fake.driverCharacteristics.SendNetBufferListsCompleteHandler(module->context, lists, flags);
    checkAfterCall(level, dispatch, "FilterSendNetBufferListsComplete");
}

static ULONG countLists(PNET_BUFFER_LIST lists) {
    ULONG count = 0;
    for (; lists; lists = lists->Next) count++;
    return count;
}

static void enqueue(struct Work *work) {
    ULONG count = work->lists ? countLists(work->lists) : 1;
    struct FakeClone *clone = work->request ? CONTAINING_RECORD(work->request, struct FakeClone, request) : NULL;
    fakeLock();
    queued += count;
    work->module->place = queued;
    if (clone && clone->magic == FAKE_CLONE_MAGIC) clone->original->place = queued;
    if (last)
        last->next = work;
    else
        first = work;
    last = work;
    fakeUnlock();
    KeSetEvent(&wake, 0, FALSE);
}

// How many lists and requests are completed before those up to a place are, at most.
LONG64 aheadOf(LONG64 place) {
    LONG64 ahead = place - done;
    return ahead > 0 ? ahead : 0;
}

// The first lists of a chain, at most so many; the others stay.
static PNET_BUFFER_LIST takeFirst(PNET_BUFFER_LIST *lists, ULONG limit) {
    PNET_BUFFER_LIST taken = *lists, last = taken;
    for (ULONG count = 1; count < limit && last->Next; count++) last = last->Next;
    *lists = last->Next;
    last->Next = NULL;
    return taken;
}

// Takes out of a chain what a test wants never to come back.
static PNET_BUFFER_LIST loseSome(PNET_BUFFER_LIST lists) {
    while (lists && fake.sendsLost > 0) {
        fake.sendsLost--;
        lists = lists->Next;
    }
    return lists;
}

void completeSends(struct FakeModule *module, PNET_BUFFER_LIST lists, ULONG flags) {
    lists = loseSome(lists);
    if (!lists) return;
    if (!fake.sendsPend && !fake.holdSends) {
        completeNow(
            module, lists, NDIS_STATUS_SUCCESS,
            flags & NDIS_SEND_FLAGS_DISPATCH_LEVEL ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
        return;
    }
    struct Work *work = take(sizeof *work);
    work->module = module;
    work->lists = lists;
    enqueue(work);
}

void completeRequestLater(struct FakeModule *module, PNDIS_OID_REQUEST request, NDIS_STATUS status) {
    struct Work *work = take(sizeof *work);
    work->module = module;
    work->request = request;
    work->status = status;
    enqueue(work);
}

void holdRequest(struct FakeModule *module, PNDIS_OID_REQUEST request) {
    struct Work *work = take(sizeof *work);
    work->module = module;
    work->request = request;
    work->held = TRUE;
    enqueue(work);
}

static void completeRequest(struct Work *work) {
    struct FakeClone *clone = CONTAINING_RECORD(work->request, struct FakeClone, request);
    if (clone->magic == FAKE_CLONE_MAGIC) InterlockedExchange(&clone->below, 0);
    if (work->held) work->status = requestBelow(work->module->owner, work->request);
    // Whoever completes a request may be at DISPATCH_LEVEL.
    LONG level = raiseForCall(TRUE);
    fake.driverCharacteristics.OidRequestCompleteHandler(work->module->context, work->request, work->status);
    checkAfterCall(level, TRUE, "FilterOidRequestComplete");
}

// Takes the piece of work out that lies behind a link, with the lock held.
static struct Work *takeOut(struct Work **link, struct Work *previous) {
    struct Work *work = *link;
    *link = work->next;
    if (last == work) last = previous;
    return work;
}

// The next piece of work that may be done now; what is held stays in its place.
static struct Work *nextWork(void) {
    fakeLock();
    struct Work **link = &first, *previous = NULL, *work = NULL;
    while (*link && (((*link)->lists && fake.holdSends) || ((*link)->held && fake.holdOIDs))) {
        previous = *link;
        link = &(*link)->next;
    }
    if (*link) work = takeOut(link, previous);
    fakeUnlock();
    return work;
}

// Completes a chain in pieces, as a NIC does. The module may be gone after the last.
static void completeLists(struct FakeModule *module, PNET_BUFFER_LIST lists) {
    while (lists) {
        ULONG pace = fake.sendsPace;
        if (pace) sleepMilliseconds(pace);
        PNET_BUFFER_LIST piece = takeFirst(&lists, pace ? 1 : COMPLETION_LIMIT);
        ULONG count = countLists(piece);
        completeNow(module, piece, NDIS_STATUS_SUCCESS, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
        InterlockedExchangeAdd64(&done, count);
    }
}

static void work(PVOID argument) {
    while (running) {
        waitFor(&wake, 50);
        for (struct Work *next = nextWork(); next; next = nextWork()) {
            // What was cancelled has left nothing.
            if (next->lists) {
                completeLists(next->module, next->lists);
            } else if (next->request) {
                completeRequest(next);
                InterlockedIncrement64(&done);
            }
            give(next, sizeof *next);
        }
    }
}

void startWorker(void) {
    KeInitializeEvent(&wake, SynchronizationEvent, FALSE);
    running = 1;
    startThread(work, NULL, &worker);
}

void stopWorker(void) {
    if (!InterlockedExchange(&running, 0)) return;
    KeSetEvent(&wake, 0, FALSE);
    joinThread(worker);
}

void releaseHeld(void) { KeSetEvent(&wake, 0, FALSE); }

// MARK: - Cancelling

// Takes the lists of a cancel identifier out of what is held of a module.
static PNET_BUFFER_LIST takeLists(struct FakeModule *module, PVOID cancelID) {
    PNET_BUFFER_LIST found = NULL, *tail = &found;
    fakeLock();
    for (struct Work *work = first; work; work = work->next) {
        if (work->module != module) continue;
        for (PNET_BUFFER_LIST *link = &work->lists; *link;) {
            PNET_BUFFER_LIST list = *link;
            if (NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(list) == cancelID) {
                *link = list->Next;
                list->Next = NULL;
                *tail = list;
                tail = &list->Next;
            } else {
                link = &list->Next;
            }
        }
    }
    fakeUnlock();
    InterlockedExchangeAdd64(&done, countLists(found));
    return found;
}

NTSYSAPI VOID NTAPI NdisFCancelSendNetBufferLists(NDIS_HANDLE handle, PVOID cancelID) {
    struct FakeModule *module = moduleOf(handle, "NdisFCancelSendNetBufferLists");
    if (!module) return;
    mustHoldNoLock("NdisFCancelSendNetBufferLists");
    InterlockedIncrement64((LONG64 *)&fake.counters.cancels);
    PNET_BUFFER_LIST lists = takeLists(module, cancelID);
    if (lists) completeNow(module, lists, NDIS_STATUS_SEND_ABORTED, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
}

NTSYSAPI VOID NTAPI NdisFCancelOidRequest(NDIS_HANDLE handle, PVOID requestID) {
    struct FakeModule *module = moduleOf(handle, "NdisFCancelOidRequest");
    struct Work *work = NULL, *previous = NULL;
    if (!module) return;
    mustHoldNoLock("NdisFCancelOidRequest");
    InterlockedIncrement64((LONG64 *)&fake.counters.cancels);
    fakeLock();
    for (struct Work **link = &first; *link && !work; previous = *link, link = &(*link)->next)
        if ((*link)->held && (*link)->module == module && (*link)->request->RequestId == requestID) {
            work = takeOut(link, previous);
            break;
        }
    fakeUnlock();
    // What was not found is completed already, or about to be.
    if (!work) return;
    work->held = FALSE;
    work->status = NDIS_STATUS_REQUEST_ABORTED;
    completeRequest(work);
    InterlockedIncrement64(&done);
    give(work, sizeof *work);
}

// Threads of the simulation's own: one that completes later what could have been completed at once, and those of the load.
#include "Fake.h"

#define LOAD_LIMIT 8

struct Work {
    struct Work *next;
    struct FakeModule *module;
    PNET_BUFFER_LIST lists;
    PNDIS_OID_REQUEST request;
    NDIS_STATUS status;
};

static struct Work *first, *last;
static KEVENT wake;
static volatile LONG running;
static HANDLE worker;

static HANDLE loadThreads[LOAD_LIMIT];
static ULONG loadCount;
static volatile LONG loading;
static volatile LONG loadSent;
static struct FakePlace loadPlace;

// MARK: - Completion

static void completeNow(struct FakeModule *module, PNET_BUFFER_LIST lists, ULONG flags) {
    LONG own = 0;
    for (PNET_BUFFER_LIST list = lists; list; list = list->Next) {
        struct FakeList *account = listOf(list);
        if (!account) return;
        InterlockedExchange(&account->state, fakeInDriver);
        list->Status = NDIS_STATUS_SUCCESS;
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

static void enqueue(struct Work *work) {
    fakeLock();
    if (last)
        last->next = work;
    else
        first = work;
    last = work;
    fakeUnlock();
    KeSetEvent(&wake, 0, FALSE);
}

void completeSends(struct FakeModule *module, PNET_BUFFER_LIST lists, ULONG flags) {
    if (!fake.sendsPend && !fake.holdSends) {
        completeNow(module, lists, flags & NDIS_SEND_FLAGS_DISPATCH_LEVEL ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
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

static void completeRequest(struct Work *work) {
    struct FakeClone *clone = CONTAINING_RECORD(work->request, struct FakeClone, request);
    if (clone->magic == FAKE_CLONE_MAGIC) InterlockedExchange(&clone->below, 0);
    // Whoever completes a request may be at DISPATCH_LEVEL.
    LONG level = raiseForCall(TRUE);
    fake.driverCharacteristics.OidRequestCompleteHandler(work->module->context, work->request, work->status);
    checkAfterCall(level, TRUE, "FilterOidRequestComplete");
}

// The next piece of work that may be done now; what is held stays in its place.
static struct Work *nextWork(void) {
    fakeLock();
    struct Work **link = &first, *previous = NULL, *work = NULL;
    while (*link && (*link)->lists && fake.holdSends) {
        previous = *link;
        link = &(*link)->next;
    }
    work = *link;
    if (work) {
        *link = work->next;
        if (last == work) last = previous;
    }
    fakeUnlock();
    return work;
}

static void work(PVOID argument) {
    while (running) {
        waitFor(&wake, 50);
        for (struct Work *next = nextWork(); next; next = nextWork()) {
            if (next->lists)
                completeNow(next->module, next->lists, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
            else
                completeRequest(next);
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

void releaseHeldSends(void) { KeSetEvent(&wake, 0, FALSE); }

// MARK: - Load

static void load(PVOID argument) {
    const struct FakeInjection *injection = argument;
    while (loading) {
        ULONG sent = 0;
        struct FakeSwitch *owner = switchNumbered(injection->place.switchNumber);
        if (!owner || !owner->module || owner->module->state != fakeRunning) {
            sleepMilliseconds(1);
            continue;
        }
        if (inject(injection, (const UCHAR *)(injection + 1), injection->byteCount, &sent) != NDIS_STATUS_SUCCESS)
            sleepMilliseconds(1);
        InterlockedExchangeAdd(&loadSent, sent);
        ZwYieldExecution();
    }
}

static struct FakeInjection *loadInjection;

NDIS_STATUS startLoad(const struct FakePlace *place, ULONG threads) {
    if (loading || !threads || threads > LOAD_LIMIT) return NDIS_STATUS_INVALID_STATE;
    fakeLock();
    struct FakeSwitch *owner = switchNumbered(place->switchNumber);
    struct FakeNIC *nic = owner ? findNIC(owner, place->port, place->nic) : NULL;
    struct FakeInjection *injection = nic ? nic->lastInjection : NULL;
    if (injection) nic->lastInjection = NULL;
    fakeUnlock();
    if (!injection) return NDIS_STATUS_INVALID_PARAMETER;
    loadInjection = injection;
    loadPlace = *place;
    loadSent = 0;
    loading = 1;
    for (loadCount = 0; loadCount < threads; loadCount++) startThread(load, injection, &loadThreads[loadCount]);
    return NDIS_STATUS_SUCCESS;
}

ULONG stopLoad(void) {
    if (!InterlockedExchange(&loading, 0)) return 0;
    for (ULONG index = 0; index < loadCount; index++) joinThread(loadThreads[index]);
    ExFreePoolWithTag(loadInjection, FAKE_TAG);
    return (ULONG)loadSent;
}

// MARK: - A life that changes all the while

static struct FakeCommand life;
static HANDLE lifeThread;
static volatile LONG living;
static ULONG lifeTurns;

static void live(PVOID argument) {
    static const ULONG steps[] = {fakeNICDisconnect, fakePortUpdate, fakeNICConnect, fakePortUpdate};
    struct FakeCommand other = life;
    fakeCopy(other.friendlyName, life.name, sizeof other.friendlyName);
    while (living) {
        for (ULONG step = 0; step < 4; step++) {
            struct FakeCommand *command = step == 1 ? &other : &life;
            ULONG value = 0;
            command->operation = steps[step];
            NDIS_STATUS status = commandSwitch(command, &value);
            if (status != NDIS_STATUS_SUCCESS) complain("a step of a life failed: %08x", (unsigned)status);
            sleepMilliseconds(1);
        }
        lifeTurns++;
    }
}

NDIS_STATUS startLife(const struct FakeCommand *command) {
    if (InterlockedExchange(&living, 1)) return NDIS_STATUS_INVALID_STATE;
    life = *command;
    lifeTurns = 0;
    return startThread(live, NULL, &lifeThread);
}

ULONG stopLife(void) {
    if (!InterlockedExchange(&living, 0)) return 0;
    joinThread(lifeThread);
    return lifeTurns;
}

static LONG outstanding(void) {
    LONG sum = 0;
    fakeLock();
    for (struct FakeSwitch *owner = fake.switches; owner; owner = owner->next)
        if (owner->module) sum += owner->module->inDriver + owner->module->below;
    fakeUnlock();
    return sum;
}

// Waits until nothing is under way.
ULONG quiesce(void) {
    for (ULONG waited = 0; outstanding() && waited < FAKE_WAIT_MILLISECONDS / 2; waited += 2) sleepMilliseconds(2);
    return (ULONG)outstanding();
}

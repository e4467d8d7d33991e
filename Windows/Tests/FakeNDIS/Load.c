// What goes on by itself: threads that send all the while, a NIC whose life changes all the while, a command that takes its time.
#include "Fake.h"

#define LOAD_LIMIT 8
// As many lists are under way at most before the threads of a load wait, as a machine's ring would have them.
#define LOAD_WINDOW 256

static HANDLE loadThreads[LOAD_LIMIT];
static ULONG loadCount;
static volatile LONG loading;
static volatile LONG loadSent;

// MARK: - Load

static void load(PVOID argument) {
    const struct FakeInjection *injection = argument;
    while (loading) {
        ULONG sent = 0;
        fakeLock();
        struct FakeSwitch *owner = switchNumbered(injection->place.switchNumber);
        BOOLEAN wanted = owner && owner->module && owner->module->state == fakeRunning;
        fakeUnlock();
        if (!wanted || fake.counters.injected - fake.counters.returned >= LOAD_WINDOW) {
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
    loadSent = 0;
    loading = 1;
    for (loadCount = 0; loadCount < threads; loadCount++) startThread(load, injection, &loadThreads[loadCount]);
    // Whoever starts a load wants it to be there; on a switch that does not run nothing comes.
    for (ULONG turns = 0; !loadSent && turns < 1000; turns++) sleepMilliseconds(1);
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
        InterlockedIncrement64((LONG64 *)&fake.counters.turns);
    }
}

NDIS_STATUS startLife(const struct FakeCommand *command) {
    if (InterlockedExchange(&living, 1)) return NDIS_STATUS_INVALID_STATE;
    life = *command;
    fake.counters.turns = 0;
    return startThread(live, NULL, &lifeThread);
}

ULONG stopLife(void) {
    if (!InterlockedExchange(&living, 0)) return 0;
    joinThread(lifeThread);
    return (ULONG)fake.counters.turns;
}

// MARK: - A command that takes its time

static struct FakeCommand slow;
static HANDLE slowThread;
static BOOLEAN slowStarted;
static KEVENT slowEnd;
static NDIS_STATUS slowStatus;
static ULONG slowValue;

static void perform(PVOID argument) {
    slowValue = 0;
    slowStatus = commandSwitch(&slow, &slowValue);
    KeSetEvent(&slowEnd, 0, FALSE);
}

NDIS_STATUS startInBackground(const struct FakeCommand *command) {
    if (slowStarted) return NDIS_STATUS_INVALID_STATE;
    slow = *command;
    slow.operation &= ~FAKE_IN_BACKGROUND;
    KeInitializeEvent(&slowEnd, NotificationEvent, FALSE);
    slowStarted = TRUE;
    return startThread(perform, NULL, &slowThread);
}

NDIS_STATUS endInBackground(ULONG milliseconds, ULONG *value) {
    if (!slowStarted) return NDIS_STATUS_INVALID_STATE;
    // It ends by itself, since whatever it waits for has a limit of its own.
    if (milliseconds && !waitFor(&slowEnd, milliseconds)) return NDIS_STATUS_PENDING;
    joinThread(slowThread);
    slowStarted = FALSE;
    *value = slowValue;
    return slowStatus;
}

// At the end: whatever a test has begun and not waited for.
void joinBackground(void) {
    ULONG value;
    endInBackground(0, &value);
}

// MARK: - Rest

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
    struct FakePatience patience = {0};
    LONG left;
    while ((left = outstanding()) && waitTurn(&patience, left));
    return (ULONG)left;
}

// Between a list and its reader: what happens on other threads after the switch has made a list of its ports or adapters, and
// before the driver has read it. And requests that stop on their way, above the driver or below it.
#include "Fake.h"

#define BETWEEN_LIMIT 8

struct Between {
    struct FakeCommand command;
    HANDLE thread;
    volatile LONG ended;
};

static struct Between plays[BETWEEN_LIMIT];
static ULONG count, started;
static volatile LONG stopped;

NDIS_STATUS planBetween(const struct FakeCommand *command) {
    if (count == BETWEEN_LIMIT) return NDIS_STATUS_RESOURCES;
    plays[count].command = *command;
    plays[count].command.operation = command->type;
    plays[count].ended = 0;
    count++;
    return NDIS_STATUS_SUCCESS;
}

static void play(PVOID argument) {
    struct Between *between = argument;
    ULONG value;
    NDIS_STATUS status = commandSwitch(&between->command, &value);
    if (status != NDIS_STATUS_SUCCESS && !(between->command.flags & FAKE_BETWEEN_FAILS))
        complain("what was to happen between failed: %08x", (unsigned)status);
    InterlockedExchange(&between->ended, 1);
}

// Does what is planned for this list. What stops on its way is left there.
void playBetween(ULONG list) {
    while (started < count && (plays[started].command.flags & FAKE_BETWEEN_LIST) == list) {
        struct Between *between = &plays[started++];
        LONG before = stopped;
        startThread(play, between, &between->thread);
        struct FakePatience patience = {0};
        while (!between->ended && stopped == before && waitTurn(&patience, 0));
        if (!between->ended && stopped == before) complain("what was to happen between does not end");
    }
}

// Lets everything go on that has stopped, and forgets the plan; whether all of it had happened.
BOOLEAN endBetween(void) {
    BOOLEAN isDone = started == count;
    fake.stopAbove = fake.stopBelow = 0;
    for (ULONG index = 0; index < started; index++) joinThread(plays[index].thread);
    count = started = 0;
    return isDone;
}

void stopOnTheWay(const ULONG *where, NDIS_OID oid) {
    volatile const ULONG *place = where;
    if (!oid || *place != oid) return;
    InterlockedIncrement(&stopped);
    struct FakePatience patience = {0};
    while (*place == oid && waitTurn(&patience, 0));
}

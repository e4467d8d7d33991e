// Patience: how long the simulation waits for the driver, and for itself.
//
// What: a wait ends when what it waits for has happened, or when nothing has moved for a long time. It does not end because
// much is left to do, or because the machine has other things to do.
//
// How: whoever waits tells each turn how much is left. As long as that becomes less than it ever was, the patience is as good
// as new; so a wait ends in any case, whatever else goes on. Turns without that are counted, and not the time: a machine that
// seldom comes to this thread seldom comes to the others. What the test itself holds back is waited for much longer.
#include "Fake.h"

#define TURN_MILLISECONDS 2
#define PATIENCE_MILLISECONDS 30000u
#define HELD_TIMES 10u

static BOOLEAN isHeldByTest(void) { return fake.holdSends || fake.holdOIDs || fake.stopAbove || fake.stopBelow; }

static BOOLEAN lasts(struct FakePatience *patience, LONG64 left) {
    ULONG limit = PATIENCE_MILLISECONDS;
    if (fake.patience)
        limit = fake.patience;
    else if (isHeldByTest())
        limit *= HELD_TIMES;
    if (!patience->hasBegun || left < patience->least) {
        patience->hasBegun = TRUE;
        patience->least = left;
        patience->idle = 0;
    } else {
        patience->idle += TURN_MILLISECONDS;
    }
    return patience->idle < limit;
}

BOOLEAN waitTurn(struct FakePatience *patience, LONG64 left) {
    if (!lasts(patience, left)) return FALSE;
    sleepMilliseconds(TURN_MILLISECONDS);
    return TRUE;
}

BOOLEAN waitTurnFor(KEVENT *event, struct FakePatience *patience, LONG64 left, BOOLEAN *happened) {
    *happened = waitFor(event, TURN_MILLISECONDS);
    return !*happened && lasts(patience, left);
}

// A simulated NDIS for tests: what the parts of this ndis.sys share.
//
// It plays the side of Windows: filter drivers register here as with the real one, get a filter module attached to each
// simulated virtual switch, and see requests and packets in the documented sequences. It keeps account of everything
// that it hands out, and complains of every rule that the driver under test breaks.
#ifndef FAKE_H
#define FAKE_H

#include <ntddk.h>
// ndis6.h declares the functions of NDIS for those who import them; here they are exported.
#undef NTSYSAPI
#define NTSYSAPI __declspec(dllexport)
#include "ndis6.h"

#include "Control.h"

#define FAKE_TAG 'ekaF'

// MARK: - What is simulated

struct FakeDelivered {
    struct FakeDelivered *next;
    struct FakeFrame frame;
    UCHAR bytes[];
};

struct FakeNIC {
    struct FakeNIC *next;
    struct FakePort *port;
    NDIS_SWITCH_NIC_PARAMETERS parameters;
    BOOLEAN created;    // the creation has been completed
    BOOLEAN connected;  // a legal destination
    LONG references;
    struct FakeDelivered *first, *last;
    ULONG queued;
    BOOLEAN watched;
    struct FakeInjection *lastInjection;  // and its bytes
};

struct FakePort {
    struct FakePort *next;
    struct FakeSwitch *owner;
    NDIS_SWITCH_PORT_PARAMETERS parameters;
    BOOLEAN created;
    BOOLEAN tornDown;
    LONG references;
    struct FakeNIC *nics;
};

#define FAKE_SWITCH_MAGIC 0x48435453u
struct FakeSwitch {
    ULONG magic;
    ULONG number;
    struct FakeSwitch *next;
    NDIS_SWITCH_PARAMETERS parameters;
    struct FakePort *ports;
    struct FakeModule *module;
    volatile LONG passing;  // requests under way that pass no module
};

enum FakeModuleState { fakeAttaching, fakePaused, fakeRestarting, fakeRunning, fakePausing, fakeDetached };

#define FAKE_MODULE_MAGIC 0x4c444f4du
struct FakeModule {
    ULONG magic;
    struct FakeSwitch *owner;
    NDIS_HANDLE context;  // the driver's
    BOOLEAN attributesSet;
    volatile enum FakeModuleState state;
    KEVENT changed;  // NdisFPauseComplete, NdisFRestartComplete
    NDIS_STATUS changeStatus;
    volatile LONG inDriver;  // our lists in the driver's hands
    volatile LONG below;     // lists of the driver's below it
    volatile LONG64 place;   // of what was queued last for it, to be completed later
    volatile LONG eventsForwarded;
    // Whoever is about to call the driver, or in the middle of it; nobody begins once it is closed.
    volatile LONG callers;
    BOOLEAN closed;
    BOOLEAN announced;  // NetEventFilterPreDetach
    struct FakeRequest *request;  // the last one begun, as long as it is under way
};

// MARK: - What is handed out

#define FAKE_POOL_MAGIC 0x4c4f4f50u
struct FakePool {
    ULONG magic;
    NET_BUFFER_LIST_POOL_PARAMETERS parameters;
    volatile LONG live;
};

enum FakeListState {
    fakeHome,      // ours, not handed out
    fakeInDriver,  // ours in the driver's hands, or the driver's own
    fakeBelow,     // sent by the driver, not completed to it yet
    fakeFreed,
};

#define FAKE_LIST_MAGIC 0x5453494cu
struct FakeList {
    ULONG magic;
    volatile LONG state;
    struct FakePool *pool;        // of the driver's; NULL for ours
    struct FakeModule *module;    // whose hands it is in, or which sent it
    struct FakeShot *shot;        // of ours
    BOOLEAN wasBelow;             // and came back from there
    NDIS_STATUS statusBelow;      // with this
    struct FakeList *nextUnsafe;  // of those that are scribbled on
    PVOID context;                // allocation of the NET_BUFFER_LIST_CONTEXT
    NET_BUFFER buffer;            // of a list from a pool with buffers
    NET_BUFFER_LIST list;
    PVOID roomBehind[8];          // newer systems have more slots
};

// One injection's data: what was handed over, to see at the end that it was not changed.
struct FakeShot {
    struct FakeInjection injection;
    ULONG bufferCount;
    struct {
        NET_BUFFER *buffer;
        PUCHAR data;   // where the bytes lie
        PMDL mdl;
    } piece[8];
    PUCHAR pristine;
};

#define FAKE_CONTEXT_MAGIC 0x54584e43u
struct FakeContext {
    ULONG magic;
    struct FakeSwitch *owner;
    NDIS_SWITCH_FORWARDING_DESTINATION_ARRAY array;
};

#define FAKE_REQUEST_MAGIC 0x52444f4fu
struct FakeRequest {
    ULONG magic;
    struct FakeModule *module;
    KEVENT done;
    volatile LONG completed;
    volatile LONG forwarded;
    volatile LONG64 place;  // in the queue of what is completed later
    NDIS_STATUS status;
    NDIS_OID_REQUEST request;
};

#define FAKE_CLONE_MAGIC 0x4e4f4c43u
struct FakeClone {
    ULONG magic;
    struct FakeModule *module;
    struct FakeRequest *original;
    volatile LONG below;
    NDIS_OID_REQUEST request;
};

// MARK: - The whole

struct FakeState {
    volatile LONG lock;
    PDRIVER_OBJECT driver;  // the one under test
    BOOLEAN registered;
    NDIS_HANDLE driverContext;
    NDIS_FILTER_DRIVER_CHARACTERISTICS driverCharacteristics;
    struct FakeSwitch *switches;
    struct FakeCounters counters;
    volatile LONG outstandingTotal;

    // How the layer below behaves.
    ULONG vetoedOID, vetoCount;
    ULONG refusedReferences;  // so many more are refused
    BOOLEAN nonsense;  // the request under way is not one to be understood
    volatile LONG oidsPend, sendsPend, holdSends, holdOIDs;
    volatile ULONG sendsPace;  // milliseconds before each list that is completed later
    volatile LONG sendsLost;   // so many more lists are never completed
    volatile ULONG patience;   // milliseconds, where the test wants others than usual
    volatile LONG allocationsFailEvery, allocationNumber;
    ULONG bytesNeeded;  // as the request that ended last says
    ULONG stopAbove, stopBelow;  // requests of these numbers stop before the driver, or after it
    BOOLEAN poolFails;  // pool memory too, not the objects of NDIS alone
};

// What the DDK headers here leave out.
__declspec(dllimport) NTSTATUS NTAPI ZwYieldExecution(void);
__declspec(dllimport) NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER time);

extern struct FakeState fake;

// MARK: - Parts

// Patience.c
struct FakePatience {
    BOOLEAN hasBegun;
    LONG64 least;
    ULONG idle;
};
// Waits a turn for something of which so much is left. False, at once, if nothing has moved for too long.
BOOLEAN waitTurn(struct FakePatience *patience, LONG64 left);
// The same, where an event ends the wait. False if it has happened, or nothing has moved for too long.
BOOLEAN waitTurnFor(KEVENT *event, struct FakePatience *patience, LONG64 left, BOOLEAN *happened);

// Complaints.c
void complain(const char *format, ...);
ULONG takeComplaints(char *text, ULONG limit);
ULONG forgive(void);
void noteFiltered(ULONG switchNumber, ULONG port, BOOLEAN incoming, ULONG count, PUNICODE_STRING reason);
ULONG takeFiltered(char *text, ULONG limit);

// Memory.c: plain things that everything needs.
void fakeLock(void);
void fakeUnlock(void);
PVOID take(SIZE_T size);
void give(PVOID memory, SIZE_T size);
BOOLEAN allocationFails(void);
void giveBlock(PVOID memory, SIZE_T size);
BOOLEAN wasGivenBlock(PVOID memory);
void sleepMilliseconds(ULONG milliseconds);
BOOLEAN waitFor(KEVENT *event, ULONG milliseconds);
NTSTATUS startThread(void (*body)(PVOID), PVOID argument, HANDLE *thread);
void joinThread(HANDLE thread);
void fakeCopy(PVOID target, const void *source, SIZE_T count);
void fakeZero(PVOID target, SIZE_T count);

// Pools.c
struct FakeList *listOf(PNET_BUFFER_LIST list);
struct FakeList *allocateList(struct FakePool *pool);
void freeList(struct FakeList *list);
PMDL describe(PVOID address, ULONG length);
ULONG copyFromBuffer(PNET_BUFFER buffer, PUCHAR bytes, ULONG limit);

// Filters.c
void letGo(void);
NDIS_STATUS attachFilter(struct FakeSwitch *owner);
NDIS_STATUS detachFilter(struct FakeSwitch *owner);
NDIS_STATUS pauseFilter(struct FakeSwitch *owner);
NDIS_STATUS restartFilter(struct FakeSwitch *owner);
NDIS_STATUS activateSwitch(struct FakeSwitch *owner);
NDIS_STATUS announceDetach(struct FakeSwitch *owner);
struct FakeModule *enterModule(struct FakeSwitch *owner);
void exitModule(struct FakeModule *module);
void watchUnload(void);
struct FakeModule *moduleOf(NDIS_HANDLE handle, const char *who);

// Switch.c
struct FakeSwitch *switchNumbered(ULONG number);
struct FakePort *findPort(struct FakeSwitch *owner, ULONG port);
struct FakeNIC *findNIC(struct FakeSwitch *owner, ULONG port, ULONG nic);
BOOLEAN isExternal(struct FakeSwitch *owner, ULONG port);
NDIS_STATUS commandSwitch(const struct FakeCommand *command, ULONG *value);
BOOLEAN deleteSwitches(void);

// Oids.c
NDIS_STATUS issueRequest(struct FakeSwitch *owner, NDIS_REQUEST_TYPE type, NDIS_OID oid, PVOID buffer, ULONG inCount,
                         ULONG outCount, BOOLEAN *forwarded);

NDIS_STATUS requestBelow(struct FakeSwitch *owner, PNDIS_OID_REQUEST request);
NDIS_STATUS cancelRequest(struct FakeSwitch *owner, BOOLEAN wrong);

// Between.c
NDIS_STATUS planBetween(const struct FakeCommand *command);
void playBetween(ULONG list);
BOOLEAN endBetween(void);
void stopOnTheWay(const ULONG *where, NDIS_OID oid);

// Handlers.c
void fillSwitchHandlers(PNDIS_SWITCH_OPTIONAL_HANDLERS handlers);
NDIS_STATUS giveContext(struct FakeSwitch *owner, PNET_BUFFER_LIST list);
void takeContext(PNET_BUFFER_LIST list);
struct FakeContext *contextOf(PNET_BUFFER_LIST list);

// Injection.c
NDIS_STATUS inject(const struct FakeInjection *injection, const UCHAR *bytes, ULONG count, ULONG *sent);
void checkUnchanged(struct FakeList *list, const char *when);
void returnOurs(struct FakeList *list);
NDIS_STATUS cancelSends(struct FakeSwitch *owner, ULONG identifier);
void stopScribbling(void);

// Delivery.c
ULONG collect(const struct FakePlace *place, PUCHAR bytes, ULONG limit);
void freeQueue(struct FakeNIC *nic);
void deliver(struct FakeSwitch *owner, PNET_BUFFER_LIST list, BOOLEAN original);

// Worker.c: what is completed later, by another thread.
void startWorker(void);
void stopWorker(void);
void completeSends(struct FakeModule *module, PNET_BUFFER_LIST lists, ULONG flags);
void completeRequestLater(struct FakeModule *module, PNDIS_OID_REQUEST request, NDIS_STATUS status);
void holdRequest(struct FakeModule *module, PNDIS_OID_REQUEST request);
void releaseHeld(void);
LONG64 aheadOf(LONG64 place);

// Load.c
NDIS_STATUS startLoad(const struct FakePlace *place, ULONG threads);
ULONG stopLoad(void);
NDIS_STATUS startLife(const struct FakeCommand *command);
ULONG stopLife(void);
NDIS_STATUS startInBackground(const struct FakeCommand *command);
NDIS_STATUS endInBackground(ULONG milliseconds, ULONG *value);
void joinBackground(void);
ULONG quiesce(void);

// Imports.c
void watchImporters(void);
LONG raiseForCall(BOOLEAN dispatch);
void checkAfterCall(LONG before, BOOLEAN dispatch, const char *what);
void mustBePassive(const char *what);
void mustHoldNoLock(const char *what);
void complainOfPoolMemory(void);

// Devices.c
NTSTATUS dispatchDevice(PDEVICE_OBJECT object, PIRP irp);
ULONG registeredDevices(void);
void closeOpenFiles(void);

// Control.c
extern PDRIVER_OBJECT controlDriver;
NTSTATUS createControl(void);
void deleteControl(void);
void wakeWaiters(void);

#endif

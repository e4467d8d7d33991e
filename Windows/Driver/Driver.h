// What the C files of the driver share.
#ifndef APUS_DRIVER_H
#define APUS_DRIVER_H

#include "ndis6.h"

#include "Border.h"

// MdlMappingNoExecute, which the headers at hand are too old for. What is mapped is data: whoever maps it says so, as hosts
// with code integrity in the hypervisor demand.
#ifndef MDL_MAPPING_NO_EXECUTE
#define MDL_MAPPING_NO_EXECUTE 0x40000000
#endif

#define DRIVER_TAG 'supA'
#define DRIVER_MAXIMUM_SWITCH_COUNT 64
#define DRIVER_MAXIMUM_PIPELINE_COUNT 64
#define REFERENCE_BUCKET_COUNT 64

// A filter module: the extension in one virtual switch.
struct Module {
  NDIS_HANDLE filterHandle;
  NDIS_SWITCH_CONTEXT switchContext;
  NDIS_SWITCH_OPTIONAL_HANDLERS handlers;
  NDIS_HANDLE listPool;
  ULONG switchID;
  // What goes on in the module. In the two lowest bits where it is in its life; above them a count: one while the module
  // runs, one for each call in it, one for each packet of ours below. Both in one word, so that whoever brings the count to
  // zero ends a pause in the same moment, and never looks at the module again.
  volatile LONG64 activity;
  PNDIS_OID_REQUEST pendingClone;
  KSPIN_LOCK pendingLock;
  // The rest up to the names: under the control lock. What is held of the switch.
  struct Reference *references[REFERENCE_BUCKET_COUNT];
  ULONG referenceCount;
  // What goes while its request is under way, of which no reference is taken; port 0 if nothing does.
  ULONG goingPort;
  ULONG goingIndex;
  // The switch is forgotten, since the module is about to be detached.
  BOOLEAN isLeaving;
  // Somebody asks what is there.
  volatile LONG isLearning;
  UNICODE_STRING guid;
  WCHAR guidText[128];
};

// The last: the pause is over, and NDIS is still to be told.
enum ModuleState { modulePaused, moduleRunning, modulePausing, modulePauseOver };
#define MODULE_STATE_MASK 3
#define MODULE_ONE 4

// Where a list goes.
struct Destinations {
  NDIS_SWITCH_PORT_DESTINATION first;
  NDIS_SWITCH_PORT_DESTINATION *others;
  ULONG count;
  ULONG capacity;
};

// The engine of a processor, its lock, and who is in the middle of sending.
struct DECLSPEC_ALIGN(64) Pipeline {
  KSPIN_LOCK lock;
  // The level of whoever took the lock from Swift.
  KIRQL level;
  // The sends that are under way, those that began in an even epoch apart from those of an odd one.
  volatile LONG64 epoch;
  volatile LONG64 sending[2];
  // A packet waits for the daemon.
  volatile LONG hasUpcalls;
  // Whose packets are in the batch, by their place in it, and where those go that go on themselves.
  PNET_BUFFER_LIST rows[32];
  struct Destinations originals[32];
};

struct Driver {
  PDRIVER_OBJECT object;
  NDIS_HANDLE filterDriver;
  void *extension;
  ULONG pipelineCount;
  struct Pipeline *pipelines;
  KSPIN_LOCK controlLock;
  KIRQL controlLevel;
  KEVENT requestLock;
  struct Module *volatile modules[DRIVER_MAXIMUM_SWITCH_COUNT];
  KEVENT workEvent;
  volatile LONG isStopping;
  PVOID thread;
  BOOLEAN isPrepared;
};

extern struct Driver driver;

// Driver.c
// Requests of the daemon, upkeep, and what goes up to the daemon are served one at a time, at PASSIVE_LEVEL. Whoever serves
// them takes the locks below for a step at a time.
void RequestAcquire(void);
void RequestRelease(void);
// What the switches share with the daemon: the model of the switches, what waits in the device, what its requests wait for.
KIRQL ControlAcquire(void);
void ControlRelease(KIRQL);
// Has the worker thread look for packets that wait for the daemon, and for pauses that are over.
void WorkerRing(void);

// Filter.c
extern FILTER_ATTACH FilterAttach;
extern FILTER_DETACH FilterDetach;
extern FILTER_RESTART FilterRestart;
extern FILTER_PAUSE FilterPause;
extern FILTER_NET_PNP_EVENT FilterNetPnPEvent;
// Notes that somebody is at work in a module, whatever its state.
void ModuleEnter(struct Module *);
// The same, but only where the module runs.
BOOLEAN ModuleAcquire(struct Module *);
BOOLEAN ModuleRuns(const struct Module *);
// How many lists of ours are below, give or take the calls that are at work in the module.
LONG64 ModuleActivityCount(const struct Module *);
// The module may be gone when this returns.
void ModuleRelease(struct Module *);
// Tells NDIS of the pauses that are over; from the worker thread.
void ModulesCompletePauses(void);
extern UNICODE_STRING extensionName;
// Reads the name that a physical adapter's interface has; at PASSIVE_LEVEL. Returns its length in bytes.
ULONG InterfaceAlias(const GUID *instance, WCHAR *alias, ULONG byteCapacity);

// Oids.c
extern FILTER_OID_REQUEST FilterOidRequest;
extern FILTER_OID_REQUEST_COMPLETE FilterOidRequestComplete;
extern FILTER_CANCEL_OID_REQUEST FilterCancelOidRequest;
// Asks the switch below; at PASSIVE_LEVEL.
NDIS_STATUS OidQuery(struct Module *, NDIS_OID, PVOID buffer, ULONG length, PULONG needed);
void AdapterFromParameters(
    struct BorderAdapter *, const struct Module *, const NDIS_SWITCH_NIC_PARAMETERS *, WCHAR *alias,
    ULONG aliasByteCapacity);
void PortFromParameters(struct BorderPort *, const struct Module *, const NDIS_SWITCH_PORT_PARAMETERS *);

// References.c; all but the last under the control lock.
// In the place of an adapter's index: the port itself, with all that is at it.
#define REFERENCE_PORT 0xffffffffu
// Have the switch keep a port, or an adapter with its port; refused if it goes, the switch refuses, or there is no memory.
BOOLEAN ReferencePort(struct Module *, ULONG port);
BOOLEAN ReferenceAdapter(struct Module *, ULONG port, ULONG index);
// From the beginning to the end of the request by which something goes, no reference is taken on it.
void ReferencesBeginEnd(struct Module *, ULONG port, ULONG index);
void ReferencesEnd(struct Module *);
void ReferencesGiveBack(struct Module *, ULONG port, ULONG index);
// Whether there is nothing to save of an adapter, as it is not held or was saved since the last save was complete.
BOOLEAN ReferenceIsSaved(struct Module *, ULONG port, ULONG index);
void ReferenceSetSaved(struct Module *, ULONG port, ULONG index, BOOLEAN isSaved);
void ReferencesGiveBackAll(struct Module *);

// Packets.c
extern FILTER_SEND_NET_BUFFER_LISTS FilterSendNetBufferLists;
extern FILTER_SEND_NET_BUFFER_LISTS_COMPLETE FilterSendNetBufferListsComplete;
extern FILTER_CANCEL_SEND_NET_BUFFER_LISTS FilterCancelSendNetBufferLists;
// Sends what a message of the daemon gave a pipeline to send. Takes no lock of the caller's.
void PipelineFlush(ULONG pipeline);
// Waits until nobody sends who began before; at PASSIVE_LEVEL.
void PipelinesQuiesce(void);

// Kernel.c
void KernelStart(void);
// Makes the heap's reserve and its limit. Returns how many engines there is memory for, of those that are wanted; at
// PASSIVE_LEVEL.
uint32_t KernelHeapStart(uint32_t wanted);
// How many bytes the driver's heap takes at most.
LONG64 KernelHeapLimit(void);
void KernelHeapEnd(void);
// Memory that may be refused; given back with `free`.
void *KernelAllocate(size_t alignment, size_t size);
void *memset(void *, int, size_t);
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
int memcmp(const void *, const void *, size_t);
void free(void *);
UINT64 KernelRandom(void);
// Calls a function with 64 KiB of stack; fails if they are not to be had, without calling it. At APC_LEVEL or below.
NTSTATUS KernelCallOnLargeStack(VOID(NTAPI *function)(PVOID), PVOID context);

#endif

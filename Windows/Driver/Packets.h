// What the files of the packet path share.
#ifndef APUS_PACKETS_H
#define APUS_PACKETS_H

#include "Driver.h"

// MARK: Fate

// While a list of the switch's is in our hands its scratch word says what becomes of it: it is completed, or goes on itself,
// or is dropped for a reason.
#define LIST_FATE(list) ((list)->Scratch)
#define FATE_COMPLETED NULL
#define FATE_FORWARDED ((PVOID)~(ULONG_PTR)0)
#define FATE_DROPPED(reason) ((PVOID)(ULONG_PTR)((reason) + 1))
#define IS_DROPPED(list) (LIST_FATE(list) != FATE_COMPLETED && LIST_FATE(list) != FATE_FORWARDED)

// Reasons beyond those of the engine.
enum { reasonPaused = 254, reasonUnknown = 255 };

// Drops.c
// Reports the lists of a chain that are dropped, those of the same port and reason together.
void ReportDropped(struct Module *, PNET_BUFFER_LIST);

// MARK: Departures

struct Packet;

// What departs from a pipeline at one time, for as long as its lock is held and a moment longer.
struct Departures {
  struct Packet *first;
  struct Packet **last;
  struct Packet *buckets[64];
  struct Pipeline *pipeline;
  // Whose lists arrived, if any did.
  struct Module *module;
};

// Departures.c
void DeparturesBegin(struct Departures *, struct Module *);
// Collects what an engine has to send; under the pipeline's lock. Lists of the batch that go on themselves have that as their
// fate afterwards. Returns a bit for each packet of the batch of which nothing could be sent.
uint32_t DeparturesCollect(ULONG pipeline, struct Departures *);
// Sends what was collected, except what goes on itself, a chain for each switch; under no lock.
void DeparturesSend(struct Departures *);
// Whether a list was made here; then it is done with.
BOOLEAN DeparturesTakeBack(struct Module *, PNET_BUFFER_LIST);

#endif

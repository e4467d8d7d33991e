// Departures: from an engine into lists of our own, or the switch's own list that goes on.
//
// A list of ours is made for a packet that departs changed, or from another switch, or that the daemon gave; it goes down
// with its destinations, and is freed when it comes back. A list of the switch's whose one packet departs as it came is given
// the destinations itself. Packets with the same bytes for several adapters are one list.
//
// Nothing is sent while a pipeline's lock is held, since that may call back into the driver.
#include "Packets.h"

// What a list of ours is, in its context.
struct Packet {
  PNET_BUFFER_LIST list;
  struct Packet *next;
  struct Packet *nextInBucket;
  struct Module *module;
  PMDL mdl;
  PUCHAR bytes;
  BOOLEAN hasForwardingContext;
  // What another departure must agree in to be another destination of the same list.
  ULONG64 place;
  ULONG byteCount;
  ULONG sourcePort;
  ULONG sourceIndex;
  ULONG information[4];
  // Which packet of the batch it came from.
  ULONG row;
  struct Destinations destinations;
  // Where it counts as in flight.
  volatile LONG64 *account;
};

#define BUCKET_COUNT RTL_NUMBER_OF(((struct Departures *)0)->buckets)
#define MAXIMUM_DESTINATION_COUNT 4096

// MARK: Destinations

static void clearDestinations(struct Destinations *destinations) {
  if (destinations->others) free(destinations->others);
  memset(destinations, 0, sizeof *destinations);
}

// Whether an adapter is a destination already. A port's packets depart one after the other, so that a look at the last is
// enough, except for physical adapters, which may be behind two ports.
static BOOLEAN contains(const struct Destinations *destinations, const struct BorderDeparture *departure) {
  ULONG from = departure->index || !destinations->count ? 0 : destinations->count - 1;
  for (ULONG place = from; place < destinations->count; place++) {
    const NDIS_SWITCH_PORT_DESTINATION *known = place ? &destinations->others[place - 1] : &destinations->first;
    if (known->PortId == departure->port && known->NicIndex == departure->index) return TRUE;
  }
  return FALSE;
}

static BOOLEAN addDestination(struct Destinations *destinations, const struct BorderDeparture *departure) {
  NDIS_SWITCH_PORT_DESTINATION destination = {
      .PortId = departure->port,
      .NicIndex = (NDIS_SWITCH_NIC_INDEX)departure->index,
      .PreserveVLAN = 1,
      .PreservePriority = 1};
  if (destinations->count == 0) {
    destinations->first = destination;
  } else {
    if (destinations->count > destinations->capacity) {
      ULONG capacity = destinations->capacity ? destinations->capacity * 2 : 16;
      if (capacity > MAXIMUM_DESTINATION_COUNT) return FALSE;
      void *memory = KernelAllocate(16, capacity * sizeof destination);
      if (!memory) return FALSE;
      if (destinations->others) {
        memcpy(memory, destinations->others, destinations->capacity * sizeof destination);
        free(destinations->others);
      }
      destinations->others = memory;
      destinations->capacity = capacity;
    }
    destinations->others[destinations->count - 1] = destination;
  }
  destinations->count++;
  return TRUE;
}

// Gives a list its destinations: one is added, several are written and committed together.
static BOOLEAN commit(struct Module *module, PNET_BUFFER_LIST list, const struct Destinations *destinations) {
  ULONG count = destinations->count;
  ULONG room = NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->NumAvailableDestinations;
  PNDIS_SWITCH_FORWARDING_DESTINATION_ARRAY array = NULL;
  if (room < count && module->handlers.GrowNetBufferListDestinations(module->switchContext, list, count - room, &array) !=
                          NDIS_STATUS_SUCCESS)
    return FALSE;
  if (count == 1) {
    NDIS_SWITCH_PORT_DESTINATION destination = destinations->first;
    return module->handlers.AddNetBufferListDestination(module->switchContext, list, &destination) == NDIS_STATUS_SUCCESS;
  }
  if (!array) module->handlers.GetNetBufferListDestinations(module->switchContext, list, &array);
  if (!array || array->ElementSize < sizeof(NDIS_SWITCH_PORT_DESTINATION) ||
      array->NumElements - array->NumDestinations < count)
    return FALSE;
  for (ULONG index = 0; index < count; index++)
    *NDIS_SWITCH_PORT_DESTINATION_AT_ARRAY_INDEX(array, array->NumDestinations + index) =
        index ? destinations->others[index - 1] : destinations->first;
  return module->handlers.UpdateNetBufferListDestinations(module->switchContext, list, count, array) ==
         NDIS_STATUS_SUCCESS;
}

// MARK: What is in flight

// A list of the switch's is completed while copies of its packets are still on their way, so that a sender does not feel how
// fast they leave. What is on its way is limited instead. A packet over a limit is dropped, reported and counted
// (DropReason.inFlightLimit).

// Of what one adapter sent; adapters whose numbers fall together share it. Small packets are limited by their number, large
// ones by their bytes.
#define MAXIMUM_ADAPTER_LISTS_IN_FLIGHT 8192
#define MAXIMUM_ADAPTER_BYTES_IN_FLIGHT (8ll << 20)
// On their way to one switch, which cannot pause before they are back: as many as four adapters may have. Processors that
// reach it at the same time may add a list each.
#define MAXIMUM_SWITCH_LISTS_IN_FLIGHT 32768
// Of all together: a part of the heap, for their bytes and for what a list takes itself (its packet, buffer, descriptor and
// destinations).
#define HEAP_PARTS_IN_FLIGHT 4
#define LIST_OVERHEAD_BYTES 1024

// An account is one word, which changes in one atomic step: lists from this bit on, their bytes below it.
#define ACCOUNT_LIST_SHIFT 40
#define ACCOUNT_LIST (1ll << ACCOUNT_LIST_SHIFT)

static volatile LONG64 allInFlight;
static volatile LONG64 inFlight[512];

static LONG64 listsOf(LONG64 account) { return account >> ACCOUNT_LIST_SHIFT; }

static LONG64 bytesOf(LONG64 account) { return account & (ACCOUNT_LIST - 1); }

static volatile LONG64 *accountOf(const struct Module *module, PNET_BUFFER_LIST original) {
  // The daemon's own packets have the first.
  if (!original) return &inFlight[0];
  ULONG port = NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(original)->SourcePortId;
  return &inFlight[1 + (module->switchID * 61 + port) % (RTL_NUMBER_OF(inFlight) - 1)];
}

static void leaveFlight(volatile LONG64 *account, ULONG byteCount) {
  InterlockedExchangeAdd64(account, -(ACCOUNT_LIST + byteCount));
  InterlockedExchangeAdd64(&allInFlight, -(ACCOUNT_LIST + byteCount));
}

static BOOLEAN enterFlight(volatile LONG64 *account, ULONG byteCount) {
  LONG64 list = ACCOUNT_LIST + byteCount;
  LONG64 own = InterlockedExchangeAdd64(account, list) + list;
  LONG64 all = InterlockedExchangeAdd64(&allInFlight, list) + list;
  if (listsOf(own) <= MAXIMUM_ADAPTER_LISTS_IN_FLIGHT && bytesOf(own) <= MAXIMUM_ADAPTER_BYTES_IN_FLIGHT &&
      listsOf(all) * LIST_OVERHEAD_BYTES + bytesOf(all) <= KernelHeapLimit() / HEAP_PARTS_IN_FLIGHT)
    return TRUE;
  leaveFlight(account, byteCount);
  return FALSE;
}

// MARK: Making lists

static void freePacket(struct Packet *packet) {
  struct Module *module = packet->module;
  PNET_BUFFER_LIST list = packet->list;
  if (list) {
    if (packet->hasForwardingContext)
      module->handlers.FreeNetBufferListForwardingContext(module->switchContext, list);
    NdisFreeNetBufferList(list);
  }
  if (packet->mdl) NdisFreeMdl(packet->mdl);
  clearDestinations(&packet->destinations);
  leaveFlight(packet->account, packet->byteCount);
  free(packet);
  ModuleRelease(module);
}

// How many bytes leave.
static ULONG byteCountOf(const struct BorderDeparture *departure) {
  return departure->byteCount - (departure->omitsTag ? 4 : 0);
}

static void writeBytes(PUCHAR to, const struct BorderDeparture *departure) {
  if (departure->omitsTag) {
    memcpy(to, departure->bytes, 12);
    memcpy(to + 12, departure->bytes + 16, departure->byteCount - 16);
  } else {
    memcpy(to, departure->bytes, departure->byteCount);
  }
  if (departure->patchOffset) {
    to[departure->patchOffset] = (UCHAR)(departure->patchValue >> 8);
    to[departure->patchOffset + 1] = (UCHAR)departure->patchValue;
  }
}

static void describe(PNET_BUFFER_LIST list, const struct BorderDeparture *departure) {
  NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->IsPacketDataSafe = TRUE;
  NET_BUFFER_LIST_INFO(list, TcpIpChecksumNetBufferListInfo) = (PVOID)(ULONG_PTR)departure->checksum;
  NET_BUFFER_LIST_INFO(list, TcpLargeSendNetBufferListInfo) = (PVOID)(ULONG_PTR)departure->largeSend;
  NET_BUFFER_LIST_INFO(list, TcpRecvSegCoalesceInfo) = (PVOID)(ULONG_PTR)departure->coalesced;
  NET_BUFFER_LIST_INFO(list, Ieee8021QNetBufferListInfo) = (PVOID)(ULONG_PTR)departure->tag;
}

// Says where a list comes from: what is known beside the bytes of its original, if that was an adapter's of the same switch,
// or the port alone.
static BOOLEAN setSource(struct Packet *packet, PNET_BUFFER_LIST original, const struct BorderDeparture *departure) {
  struct Module *module = packet->module;
  if (departure->sourcePort == NDIS_SWITCH_DEFAULT_PORT_ID) return TRUE;
  if (original)
    return module->handlers.CopyNetBufferListInfo(module->switchContext, packet->list, original, 0) == NDIS_STATUS_SUCCESS;
  return module->handlers.SetNetBufferListSource(
             module->switchContext, packet->list, departure->sourcePort,
             (NDIS_SWITCH_NIC_INDEX)departure->sourceIndex) == NDIS_STATUS_SUCCESS;
}

static BOOLEAN makeList(struct Packet *packet, PNET_BUFFER_LIST original, const struct BorderDeparture *departure) {
  struct Module *module = packet->module;
  packet->mdl = NdisAllocateMdl(module->filterHandle, packet->bytes, packet->byteCount);
  if (!packet->mdl) return FALSE;
  packet->list =
      NdisAllocateNetBufferAndNetBufferList(module->listPool, 16, 0, packet->mdl, 0, packet->byteCount);
  if (!packet->list) return FALSE;
  PNET_BUFFER_LIST list = packet->list;
  list->SourceHandle = module->filterHandle;
  list->Scratch = NULL;
  // The packet is found again when the list comes back.
  *(struct Packet **)NET_BUFFER_LIST_CONTEXT_DATA_START(list) = packet;
  if (module->handlers.AllocateNetBufferListForwardingContext(module->switchContext, list) != NDIS_STATUS_SUCCESS)
    return FALSE;
  packet->hasForwardingContext = TRUE;
  if (!setSource(packet, original, departure)) return FALSE;
  describe(list, departure);
  return TRUE;
}

static struct Packet *makePacket(
    struct Module *module, PNET_BUFFER_LIST original, volatile LONG64 *account, const struct BorderDeparture *departure) {
  ULONG byteCount = byteCountOf(departure);
  SIZE_T headerSize = (sizeof(struct Packet) + 63) & ~(SIZE_T)63;
  void *memory = KernelAllocate(64, headerSize + byteCount);
  if (!memory) {
    leaveFlight(account, byteCount);
    return NULL;
  }
  struct Packet *packet = memory;
  memset(packet, 0, sizeof *packet);
  packet->module = module;
  packet->account = account;
  packet->bytes = (PUCHAR)packet + headerSize;
  packet->byteCount = byteCount;
  packet->place = departure->place;
  packet->sourcePort = departure->sourcePort;
  packet->sourceIndex = departure->sourceIndex;
  packet->information[0] = departure->checksum;
  packet->information[1] = departure->largeSend;
  packet->information[2] = departure->coalesced;
  packet->information[3] = departure->tag;
  packet->row = departure->row;
  writeBytes(packet->bytes, departure);
  if (makeList(packet, original, departure)) return packet;
  // `freePacket` gives back the caller's right to send, which the caller does itself.
  ModuleEnter(module);
  freePacket(packet);
  return NULL;
}

static BOOLEAN isSame(const struct Packet *packet, const struct Module *module, const struct BorderDeparture *d) {
  return packet->place == d->place && packet->module == module && packet->sourcePort == d->sourcePort &&
         packet->sourceIndex == d->sourceIndex && packet->byteCount == byteCountOf(d) &&
         packet->information[0] == d->checksum && packet->information[1] == d->largeSend &&
         packet->information[2] == d->coalesced && packet->information[3] == d->tag && !contains(&packet->destinations, d);
}

// The packet of the batch goes on itself.
static uint32_t departItself(const struct Departures *departures, const struct BorderDeparture *departure) {
  struct Pipeline *pipeline = departures->pipeline;
  BOOLEAN isTaken = departure->row < RTL_NUMBER_OF(pipeline->originals) &&
                    addDestination(&pipeline->originals[departure->row], departure);
  return isTaken ? departureTaken : departureFailed;
}

// The list of the batch that a packet came from, if it came to a switch and not from the daemon.
static PNET_BUFFER_LIST originalOf(const struct Departures *departures, ULONG row) {
  return departures->module && row < RTL_NUMBER_OF(departures->pipeline->rows) ? departures->pipeline->rows[row] : NULL;
}

uint32_t PacketsDepart(void *context, const struct BorderDeparture *departure) {
  struct Departures *departures = context;
  if (departure->isOriginal) return departItself(departures, departure);
  struct Module *module =
      departure->switchID < DRIVER_MAXIMUM_SWITCH_COUNT ? driver.modules[departure->switchID] : NULL;
  if (!module) return departureFailed;
  struct Packet **bucket = &departures->buckets[(departure->place >> 6) % BUCKET_COUNT];
  for (struct Packet *packet = *bucket; packet; packet = packet->nextInBucket)
    if (isSame(packet, module, departure))
      return addDestination(&packet->destinations, departure) ? departureTaken : departureFailed;
  PNET_BUFFER_LIST original = originalOf(departures, departure->row);
  volatile LONG64 *account = accountOf(departures->module, original);
  if (ModuleActivityCount(module) > MAXIMUM_SWITCH_LISTS_IN_FLIGHT || !enterFlight(account, byteCountOf(departure)))
    return departureOverLimit;
  if (!ModuleAcquire(module)) {
    leaveFlight(account, byteCountOf(departure));
    return departureFailed;
  }
  struct Packet *packet = makePacket(module, departures->module == module ? original : NULL, account, departure);
  if (!packet) {
    ModuleRelease(module);
    return departureFailed;
  }
  addDestination(&packet->destinations, departure);
  packet->nextInBucket = *bucket;
  *bucket = packet;
  *departures->last = packet;
  departures->last = &packet->next;
  return departureTaken;
}

// MARK: A pipeline's turn

void DeparturesBegin(struct Departures *departures, struct Module *module) {
  departures->first = NULL;
  departures->last = &departures->first;
  departures->module = module;
  memset(departures->buckets, 0, sizeof departures->buckets);
}

// What came of the packets of a batch whose lists were given their destinations.
struct Outcome {
  uint32_t sent, failed;
};

static void note(struct Outcome *outcome, ULONG index, BOOLEAN isSent, ULONG row, ULONG count) {
  uint32_t bit = row < 32 ? 1u << row : 0;
  *(isSent ? &outcome->sent : &outcome->failed) |= bit;
  if (!isSent) ExtensionCountUnsent(driver.extension, index, row, count);
}

static void commitMade(
    ULONG index, struct Departures *departures, struct Packet **from, struct Outcome *outcome) {
  while (*from) {
    struct Packet *packet = *from;
    BOOLEAN isSent = commit(packet->module, packet->list, &packet->destinations);
    note(outcome, index, isSent, packet->row, packet->destinations.count);
    if (isSent) {
      from = &packet->next;
    } else {
      *from = packet->next;
      freePacket(packet);
    }
  }
  departures->last = from;
}

static void commitOriginals(ULONG index, const struct Departures *departures, struct Outcome *outcome) {
  struct Pipeline *pipeline = departures->pipeline;
  for (ULONG row = 0; row < RTL_NUMBER_OF(pipeline->originals); row++) {
    struct Destinations *destinations = &pipeline->originals[row];
    if (!destinations->count) continue;
    PNET_BUFFER_LIST list = pipeline->rows[row];
    BOOLEAN isSent = commit(departures->module, list, destinations);
    note(outcome, index, isSent, row, destinations->count);
    if (isSent) LIST_FATE(list) = FATE_FORWARDED;
    clearDestinations(destinations);
  }
}

uint32_t DeparturesCollect(ULONG index, struct Departures *departures) {
  struct Packet **from = departures->last;
  departures->pipeline = &driver.pipelines[index];
  struct Outcome outcome = {.failed = ExtensionDepart(driver.extension, index, departures)};
  // Places are used anew by the next batch.
  memset(departures->buckets, 0, sizeof departures->buckets);
  commitMade(index, departures, from, &outcome);
  if (departures->module) commitOriginals(index, departures, &outcome);
  if (ExtensionHasUpcalls(driver.extension, index)) departures->pipeline->hasUpcalls = 1;
  return outcome.failed & ~outcome.sent;
}

void DeparturesSend(struct Departures *departures) {
  struct Packet *packet = departures->first;
  while (packet) {
    struct Module *module = packet->module;
    PNET_BUFFER_LIST first = NULL, *last = &first;
    struct Packet *rest = NULL, **lastOfRest = &rest;
    while (packet) {
      struct Packet *next = packet->next;
      packet->next = NULL;
      if (packet->module == module) {
        *last = packet->list;
        last = &packet->list->Next;
      } else {
        *lastOfRest = packet;
        lastOfRest = &packet->next;
      }
      packet = next;
    }
    *last = NULL;
    NdisFSendNetBufferLists(module->filterHandle, first, NDIS_DEFAULT_PORT_NUMBER, 0);
    packet = rest;
  }
}

BOOLEAN DeparturesTakeBack(struct Module *module, PNET_BUFFER_LIST list) {
  if (list->SourceHandle != module->filterHandle) return FALSE;
  freePacket(*(struct Packet **)NET_BUFFER_LIST_CONTEXT_DATA_START(list));
  return TRUE;
}

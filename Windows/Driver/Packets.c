// Packets: from the switch's lists into an engine, and from an engine into lists of our own.
//
// Who owns what. A list that the switch hands over is its own again when it is completed, and that is done before the call
// that brought it returns: the engine has copied what it needs. A list of ours is made for a packet that departs, goes
// down with its destinations, and is freed when it comes back. Lists that the switch forwards natively are passed on as
// they are.
//
// Locks. While a pipeline's lock is held, packets go into its engine and lists are made of what comes out. Nothing is sent
// or completed under it, since that may call back into this file.
#include "Driver.h"

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
  NDIS_SWITCH_PORT_DESTINATION first;
  NDIS_SWITCH_PORT_DESTINATION *others;
  ULONG destinationCount;
  ULONG capacity;
};

#define BUCKET_COUNT 64
#define MAXIMUM_DESTINATION_COUNT 4096

// What departs from a pipeline at one time.
struct Departures {
  struct Packet *first;
  struct Packet **last;
  struct Packet *buckets[BUCKET_COUNT];
};

// MARK: Reading

uint32_t PacketsRead(void *netBuffer, uint8_t *to, uint32_t byteCount) {
  PNET_BUFFER buffer = netBuffer;
  PMDL mdl = NET_BUFFER_CURRENT_MDL(buffer);
  ULONG offset = NET_BUFFER_CURRENT_MDL_OFFSET(buffer);
  while (byteCount) {
    if (!mdl) return 0;
    ULONG size = MmGetMdlByteCount(mdl);
    if (offset < size) {
      ULONG count = size - offset < byteCount ? size - offset : byteCount;
      const UCHAR *from = MmGetSystemAddressForMdlSafe(mdl, LowPagePriority);
      if (!from) return 0;
      memcpy(to, from + offset, count);
      to += count;
      byteCount -= count;
      offset = 0;
    } else {
      offset -= size;
    }
    mdl = mdl->Next;
  }
  return 1;
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
  if (packet->others) free(packet->others);
  free(packet);
  ModuleRelease(module);
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

static BOOLEAN makeList(struct Packet *packet, const struct BorderDeparture *departure) {
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
  if (departure->sourcePort != NDIS_SWITCH_DEFAULT_PORT_ID &&
      module->handlers.SetNetBufferListSource(
          module->switchContext, list, departure->sourcePort, (NDIS_SWITCH_NIC_INDEX)departure->sourceIndex) !=
          NDIS_STATUS_SUCCESS)
    return FALSE;
  NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->IsPacketDataSafe = TRUE;
  NET_BUFFER_LIST_INFO(list, TcpIpChecksumNetBufferListInfo) = (PVOID)(ULONG_PTR)departure->checksum;
  if (departure->largeSend)
    NET_BUFFER_LIST_INFO(list, TcpLargeSendNetBufferListInfo) = (PVOID)(ULONG_PTR)departure->largeSend;
  if (departure->coalesced) NET_BUFFER_LIST_INFO(list, TcpRecvSegCoalesceInfo) = (PVOID)(ULONG_PTR)departure->coalesced;
  NET_BUFFER_LIST_INFO(list, Ieee8021QNetBufferListInfo) = (PVOID)(ULONG_PTR)departure->tag;
  return TRUE;
}

static struct Packet *makePacket(struct Module *module, const struct BorderDeparture *departure) {
  ULONG byteCount = departure->byteCount - (departure->omitsTag ? 4 : 0);
  SIZE_T headerSize = (sizeof(struct Packet) + 63) & ~(SIZE_T)63;
  void *memory = KernelAllocate(64, headerSize + byteCount);
  if (!memory) return NULL;
  struct Packet *packet = memory;
  memset(packet, 0, sizeof *packet);
  packet->module = module;
  packet->bytes = (PUCHAR)packet + headerSize;
  packet->byteCount = byteCount;
  writeBytes(packet->bytes, departure);
  if (makeList(packet, departure)) return packet;
  // `freePacket` gives back the caller's right to send, which the caller does itself.
  InterlockedIncrement64(&module->outstanding);
  freePacket(packet);
  return NULL;
}

static BOOLEAN addDestination(struct Packet *packet, const struct BorderDeparture *departure) {
  NDIS_SWITCH_PORT_DESTINATION destination = {
      .PortId = departure->port,
      .NicIndex = (NDIS_SWITCH_NIC_INDEX)departure->index,
      .PreserveVLAN = 1,
      .PreservePriority = 1};
  if (packet->destinationCount == 0) {
    packet->first = destination;
  } else {
    if (packet->destinationCount > packet->capacity) {
      ULONG capacity = packet->capacity ? packet->capacity * 2 : 16;
      if (capacity > MAXIMUM_DESTINATION_COUNT) return FALSE;
      void *memory = KernelAllocate(16, capacity * sizeof destination);
      if (!memory) return FALSE;
      if (packet->others) {
        memcpy(memory, packet->others, packet->capacity * sizeof destination);
        free(packet->others);
      }
      packet->others = memory;
      packet->capacity = capacity;
    }
    packet->others[packet->destinationCount - 1] = destination;
  }
  packet->destinationCount++;
  return TRUE;
}

static BOOLEAN isSame(const struct Packet *packet, const struct Module *module, const struct BorderDeparture *d) {
  return packet->place == d->place && packet->module == module && packet->sourcePort == d->sourcePort &&
         packet->sourceIndex == d->sourceIndex && packet->byteCount == d->byteCount - (d->omitsTag ? 4 : 0) &&
         packet->information[0] == d->checksum && packet->information[1] == d->largeSend &&
         packet->information[2] == d->coalesced && packet->information[3] == d->tag;
}

uint32_t PacketsDepart(void *context, const struct BorderDeparture *departure) {
  struct Departures *departures = context;
  struct Module *module =
      departure->switchID < DRIVER_MAXIMUM_SWITCH_COUNT ? driver.modules[departure->switchID] : NULL;
  if (!module) return 0;
  struct Packet **bucket = &departures->buckets[(departure->place >> 6) % BUCKET_COUNT];
  for (struct Packet *packet = *bucket; packet; packet = packet->nextInBucket)
    if (isSame(packet, module, departure)) return addDestination(packet, departure);
  if (!ModuleAcquire(module)) return 0;
  struct Packet *packet = makePacket(module, departure);
  if (!packet) {
    ModuleRelease(module);
    return 0;
  }
  packet->place = departure->place;
  packet->sourcePort = departure->sourcePort;
  packet->sourceIndex = departure->sourceIndex;
  packet->information[0] = departure->checksum;
  packet->information[1] = departure->largeSend;
  packet->information[2] = departure->coalesced;
  packet->information[3] = departure->tag;
  addDestination(packet, departure);
  packet->nextInBucket = *bucket;
  *bucket = packet;
  *departures->last = packet;
  departures->last = &packet->next;
  return 1;
}

// Gives a list its destinations: one is added, several are written and committed together.
static BOOLEAN commit(struct Packet *packet) {
  struct Module *module = packet->module;
  PNET_BUFFER_LIST list = packet->list;
  ULONG count = packet->destinationCount;
  ULONG room = NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->NumAvailableDestinations;
  PNDIS_SWITCH_FORWARDING_DESTINATION_ARRAY array = NULL;
  if (room < count && module->handlers.GrowNetBufferListDestinations(module->switchContext, list, count - room, &array) !=
                          NDIS_STATUS_SUCCESS)
    return FALSE;
  if (count == 1)
    return module->handlers.AddNetBufferListDestination(module->switchContext, list, &packet->first) ==
           NDIS_STATUS_SUCCESS;
  if (!array) module->handlers.GetNetBufferListDestinations(module->switchContext, list, &array);
  if (!array || array->ElementSize < sizeof(NDIS_SWITCH_PORT_DESTINATION) ||
      array->NumElements - array->NumDestinations < count)
    return FALSE;
  for (ULONG index = 0; index < count; index++)
    *NDIS_SWITCH_PORT_DESTINATION_AT_ARRAY_INDEX(array, array->NumDestinations + index) =
        index ? packet->others[index - 1] : packet->first;
  return module->handlers.UpdateNetBufferListDestinations(module->switchContext, list, count, array) ==
         NDIS_STATUS_SUCCESS;
}

// MARK: A pipeline's turn

static void beginDepartures(struct Departures *departures) {
  departures->first = NULL;
  departures->last = &departures->first;
  memset(departures->buckets, 0, sizeof departures->buckets);
}

// Collects what an engine has to send; under the pipeline's lock.
static void collect(ULONG index, struct Departures *departures) {
  struct Packet **from = departures->last;
  ExtensionDepart(driver.extension, index, departures);
  // Places are used anew by the next batch.
  memset(departures->buckets, 0, sizeof departures->buckets);
  while (*from) {
    struct Packet *packet = *from;
    if (commit(packet)) {
      from = &packet->next;
    } else {
      *from = packet->next;
      freePacket(packet);
    }
  }
  departures->last = from;
  if (ExtensionHasUpcalls(driver.extension, index)) driver.pipelines[index].hasUpcalls = 1;
}

// Sends what was collected, a chain for each switch; under no lock.
static void sendCollected(struct Packet *packet) {
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

static ULONG currentPipeline(void) {
  return KeGetCurrentProcessorNumberEx(NULL) % driver.pipelineCount;
}

// Notes that a send begins, and in which epoch.
static ULONG beginSend(struct Pipeline *pipeline) {
  for (;;) {
    ULONG epoch = (ULONG)pipeline->epoch & 1;
    InterlockedIncrement64(&pipeline->sending[epoch]);
    // An epoch that ended in between is not waited for any more.
    if (((ULONG)pipeline->epoch & 1) == epoch) return epoch;
    InterlockedDecrement64(&pipeline->sending[epoch]);
  }
}

static void endSend(struct Pipeline *pipeline, ULONG epoch) { InterlockedDecrement64(&pipeline->sending[epoch]); }

void PipelineFlush(ULONG index) {
  struct Pipeline *pipeline = &driver.pipelines[index];
  struct Departures departures;
  beginDepartures(&departures);
  ULONG epoch = beginSend(pipeline);
  KIRQL level = KeAcquireSpinLockRaiseToDpc(&pipeline->lock);
  collect(index, &departures);
  KeReleaseSpinLock(&pipeline->lock, level);
  sendCollected(departures.first);
  endSend(pipeline, epoch);
  if (pipeline->hasUpcalls) WorkerRing();
}

static void waitAMillisecond(void) {
  LARGE_INTEGER interval = {.QuadPart = -10000LL};
  KeDelayExecutionThread(KernelMode, FALSE, &interval);
}

// Waits until every send has ended that had begun when this was called. Sends overlap, so that counting how many have
// ended would not tell which; of those who wait one at a time begins a new epoch.
void PipelinesQuiesce(void) {
  static volatile LONG isBusy;
  while (InterlockedCompareExchange(&isBusy, 1, 0)) waitAMillisecond();
  for (ULONG index = 0; index < driver.pipelineCount; index++) {
    struct Pipeline *pipeline = &driver.pipelines[index];
    ULONG ended = (ULONG)(InterlockedIncrement64(&pipeline->epoch) - 1) & 1;
    while (pipeline->sending[ended]) waitAMillisecond();
  }
  InterlockedExchange(&isBusy, 0);
}

// MARK: Drops

// Reasons beyond those of the engine.
enum { reasonUnknown = EXTENSION_NO_REASON, reasonUnbound = 254, reasonPaused = 253, reasonNone = 0 };

#define REASON(text) RTL_CONSTANT_STRING(text)

// In the order of the engine's DropReason.
static const UNICODE_STRING reasons[] = {
    REASON(L"The frame is too short or too long"),
    REASON(L"The port is not in the datapath"),
    REASON(L"The flow drops it"),
    REASON(L"A drop action"),
    REASON(L"The port out does not exist"),
    REASON(L"No packet buffer is free"),
    REASON(L"The queue of the port out is full"),
    REASON(L"The queue to the daemon is full"),
    REASON(L"Recirculated too often"),
    REASON(L"Too many packets recirculate"),
    REASON(L"The offload information does not fit the packet"),
    REASON(L"A large segment could not be cut"),
    REASON(L"No room for a header"),
    REASON(L"The tunnel headers are malformed"),
    REASON(L"The tunnel port does not exist"),
    REASON(L"An action needs a header that the packet does not have"),
    REASON(L"Its time to live is exhausted"),
    REASON(L"Actions nest too deep"),
};

static const UNICODE_STRING *reasonText(ULONG reason) {
  static const UNICODE_STRING unknown = REASON(L"Dropped by Open vSwitch");
  static const UNICODE_STRING unbound = REASON(L"The adapter is not a port of Open vSwitch");
  static const UNICODE_STRING paused = REASON(L"Open vSwitch is paused on this switch");
  if (reason < sizeof reasons / sizeof *reasons) return &reasons[reason];
  return reason == reasonUnbound ? &unbound : reason == reasonPaused ? &paused : &unknown;
}

// While a list is in our hands its scratch word says why it is dropped, plus one, or zero if it is not.
#define LIST_FATE(list) ((list)->Scratch)
#define FATE_DROPPED(reason) ((PVOID)(ULONG_PTR)((reason) + 1))

static void reportRun(struct Module *module, PNET_BUFFER_LIST first, ULONG count, ULONG port, ULONG reason) {
  module->handlers.ReportFilteredNetBufferLists(
      module->switchContext, &module->guid, &extensionName, port, NDIS_SWITCH_REPORT_FILTERED_NBL_FLAGS_IS_INCOMING,
      count, first, (PUNICODE_STRING)reasonText(reason));
}

// Reports the lists of a chain that are dropped, those of the same port and reason together.
static void reportDropped(struct Module *module, PNET_BUFFER_LIST list) {
  while (list) {
    if (!LIST_FATE(list)) {
      list = list->Next;
      continue;
    }
    PNET_BUFFER_LIST first = list, last = list;
    PVOID fate = LIST_FATE(list);
    ULONG port = NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->SourcePortId;
    ULONG count = 1;
    while (last->Next && LIST_FATE(last->Next) == fate &&
           NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(last->Next)->SourcePortId == port) {
      last = last->Next;
      count++;
    }
    list = last->Next;
    last->Next = NULL;
    reportRun(module, first, count, port, (ULONG)(ULONG_PTR)fate - 1);
    last->Next = list;
  }
}

// MARK: Arriving

static void describe(struct BorderArrival *arrival, struct Module *module, PNET_BUFFER_LIST list) {
  PNDIS_SWITCH_FORWARDING_DETAIL_NET_BUFFER_LIST_INFO detail = NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list);
  arrival->switchID = module->switchID;
  arrival->port = detail->SourcePortId;
  arrival->index = detail->SourceNicIndex;
  // Only the external port has adapters with other indexes than zero.
  arrival->isReceiveKind = detail->SourceNicIndex != NDIS_SWITCH_DEFAULT_NIC_INDEX;
  arrival->checksum = (uint32_t)(ULONG_PTR)NET_BUFFER_LIST_INFO(list, TcpIpChecksumNetBufferListInfo);
  arrival->largeSend = 0;
  arrival->coalesced = 0;
  if (arrival->isReceiveKind)
    arrival->coalesced = (uint32_t)(ULONG_PTR)NET_BUFFER_LIST_INFO(list, TcpRecvSegCoalesceInfo);
  else
    arrival->largeSend = (uint32_t)(ULONG_PTR)NET_BUFFER_LIST_INFO(list, TcpLargeSendNetBufferListInfo);
  arrival->tag = (uint32_t)(ULONG_PTR)NET_BUFFER_LIST_INFO(list, Ieee8021QNetBufferListInfo);
  arrival->reserved = 0;
}

// Takes the batch through the engine, and notes whose packets went nowhere.
static void processBatch(ULONG index, ULONG count, struct Departures *departures) {
  struct Pipeline *pipeline = &driver.pipelines[index];
  uint32_t delivered = ExtensionProcess(driver.extension, index, KernelMilliseconds());
  uint32_t all = count >= 32 ? 0xffffffffu : (1u << count) - 1;
  if ((delivered & all) != all) {
    ULONG reason = ExtensionDropReason(driver.extension, index);
    for (ULONG row = 0; row < count; row++)
      if (!(delivered >> row & 1) && LIST_FATE(pipeline->rows[row])) LIST_FATE(pipeline->rows[row]) = FATE_DROPPED(reason);
  }
  for (ULONG row = 0; row < count; row++)
    if (delivered >> row & 1) LIST_FATE(pipeline->rows[row]) = NULL;
  collect(index, departures);
}

// Hands the packets of a chain to an engine; under the pipeline's lock.
static void arrive(ULONG index, struct Module *module, PNET_BUFFER_LIST list, struct Departures *departures) {
  ULONG count = 0;
  for (; list; list = list->Next) {
    struct BorderArrival arrival;
    describe(&arrival, module, list);
    LIST_FATE(list) = FATE_DROPPED(reasonUnknown);
    for (PNET_BUFFER buffer = NET_BUFFER_LIST_FIRST_NB(list); buffer; buffer = buffer->Next) {
      arrival.byteCount = NET_BUFFER_DATA_LENGTH(buffer);
      uint32_t result = ExtensionArrive(driver.extension, index, &arrival, buffer);
      if (result == extensionFull) {
        processBatch(index, count, departures);
        count = 0;
        result = ExtensionArrive(driver.extension, index, &arrival, buffer);
      }
      if (result < 32) {
        driver.pipelines[index].rows[result] = list;
        count = result + 1;
      } else if (result == extensionUnbound) {
        LIST_FATE(list) = FATE_DROPPED(reasonUnbound);
        break;
      }
    }
  }
  processBatch(index, count, departures);
}

// A large send that is complete says how much of it was sent.
static void concludeLargeSends(PNET_BUFFER_LIST list) {
  for (; list; list = list->Next) {
    NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO info;
    info.Value = NET_BUFFER_LIST_INFO(list, TcpLargeSendNetBufferListInfo);
    if (!info.Value || NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->SourceNicIndex) continue;
    ULONG type = info.Transmit.Type, offset = info.LsoV1Transmit.TcpHeaderOffset;
    info.Value = NULL;
    if (type == NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE) {
      ULONG payload = 0;
      for (PNET_BUFFER buffer = NET_BUFFER_LIST_FIRST_NB(list); buffer; buffer = buffer->Next)
        if (NET_BUFFER_DATA_LENGTH(buffer) > offset + 20) payload += NET_BUFFER_DATA_LENGTH(buffer) - offset - 20;
      info.LsoV1TransmitComplete.TcpPayload = payload;
      info.LsoV1TransmitComplete.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE;
    } else {
      info.LsoV2TransmitComplete.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE;
    }
    NET_BUFFER_LIST_INFO(list, TcpLargeSendNetBufferListInfo) = info.Value;
  }
}

static ULONG completeFlags(ULONG sendFlags) {
  ULONG flags = 0;
  if (sendFlags & NDIS_SEND_FLAGS_DISPATCH_LEVEL) flags |= NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL;
  if (sendFlags & NDIS_SEND_FLAGS_SWITCH_SINGLE_SOURCE) flags |= NDIS_SEND_COMPLETE_FLAGS_SWITCH_SINGLE_SOURCE;
  return flags;
}

static void completeAll(struct Module *module, PNET_BUFFER_LIST lists, NDIS_STATUS status, ULONG sendFlags) {
  if (!lists) return;
  for (PNET_BUFFER_LIST list = lists; list; list = list->Next) {
    LIST_FATE(list) = NULL;
    NET_BUFFER_LIST_STATUS(list) = status;
  }
  NdisFSendNetBufferListsComplete(module->filterHandle, lists, completeFlags(sendFlags));
}

// Takes the lists that the switch forwards by itself out of a chain.
static PNET_BUFFER_LIST takeNative(PNET_BUFFER_LIST *lists) {
  PNET_BUFFER_LIST native = NULL, *last = &native, *place = lists;
  while (*place) {
    PNET_BUFFER_LIST list = *place;
    if (NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->NativeForwardingRequired) {
      *place = list->Next;
      list->Next = NULL;
      *last = list;
      last = &list->Next;
    } else {
      place = &list->Next;
    }
  }
  return native;
}

VOID NTAPI FilterSendNetBufferLists(
    NDIS_HANDLE context, PNET_BUFFER_LIST lists, NDIS_PORT_NUMBER port, ULONG sendFlags) {
  struct Module *module = context;
  ModuleEnter(module);
  if (module->state != moduleRunning) {
    for (PNET_BUFFER_LIST list = lists; list; list = list->Next) LIST_FATE(list) = FATE_DROPPED(reasonPaused);
    reportDropped(module, lists);
    completeAll(module, lists, NDIS_STATUS_PAUSED, sendFlags);
    ModuleRelease(module);
    return;
  }
  PNET_BUFFER_LIST native = takeNative(&lists);
  if (native) NdisFSendNetBufferLists(module->filterHandle, native, port, sendFlags);
  if (lists) {
    ULONG index = currentPipeline();
    struct Pipeline *pipeline = &driver.pipelines[index];
    struct Departures departures;
    beginDepartures(&departures);
    ULONG epoch = beginSend(pipeline);
    KIRQL level = KeAcquireSpinLockRaiseToDpc(&pipeline->lock);
    arrive(index, module, lists, &departures);
    KeReleaseSpinLock(&pipeline->lock, level);
    sendCollected(departures.first);
    endSend(pipeline, epoch);
    if (pipeline->hasUpcalls) WorkerRing();
    reportDropped(module, lists);
    concludeLargeSends(lists);
    completeAll(module, lists, NDIS_STATUS_SUCCESS, sendFlags);
  }
  ModuleRelease(module);
}

// MARK: Coming back

VOID NTAPI FilterSendNetBufferListsComplete(NDIS_HANDLE context, PNET_BUFFER_LIST lists, ULONG flags) {
  struct Module *module = context;
  PNET_BUFFER_LIST others = NULL, *last = &others;
  while (lists) {
    PNET_BUFFER_LIST list = lists;
    lists = list->Next;
    list->Next = NULL;
    if (list->SourceHandle == module->filterHandle) {
      freePacket(*(struct Packet **)NET_BUFFER_LIST_CONTEXT_DATA_START(list));
    } else {
      *last = list;
      last = &list->Next;
    }
  }
  if (others) NdisFSendNetBufferListsComplete(module->filterHandle, others, flags);
}

VOID NTAPI FilterCancelSendNetBufferLists(NDIS_HANDLE context, PVOID cancelId) {
  struct Module *module = context;
  // Nothing waits here; what was forwarded natively may wait below.
  NdisFCancelSendNetBufferLists(module->filterHandle, cancelId);
}

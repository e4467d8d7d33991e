// Packets: from the switch's lists into an engine, and back to the switch.
//
// Who owns what. The engine copies what it is given, so that a list of the switch's is free as soon as it was looked at. Unless
// it goes on itself it is completed before the call that brought it returns; if it goes on, it is the switch's until it
// comes back, and is then completed. Lists that the switch forwards natively are passed on as they are. Lists of our own are
// made and freed in Departures.c.
//
// Locks. While a pipeline's lock is held, packets go into its engine and lists are made of what comes out. Nothing is sent
// or completed under it, since that may call back into this file.
#include "Packets.h"

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
      const UCHAR *from = MmGetSystemAddressForMdlSafe(mdl, LowPagePriority | MDL_MAPPING_NO_EXECUTE);
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

// MARK: A pipeline's turn

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

// The way down from DISPATCH_LEVEL, to which a pipeline's lock had raised: a send that is counted as under way must not be
// suspended together with its thread, since others wait for it.
static void lowerFrom(struct Pipeline *pipeline, KIRQL level) {
  if (level == DISPATCH_LEVEL) return;
  KeAcquireSpinLockAtDpcLevel(&pipeline->lock);
  KeReleaseSpinLock(&pipeline->lock, level);
}

void PipelineFlush(ULONG index) {
  struct Pipeline *pipeline = &driver.pipelines[index];
  struct Departures departures;
  DeparturesBegin(&departures, NULL);
  KIRQL level = KeAcquireSpinLockRaiseToDpc(&pipeline->lock);
  ULONG epoch = beginSend(pipeline);
  DeparturesCollect(index, &departures);
  KeReleaseSpinLockFromDpcLevel(&pipeline->lock);
  DeparturesSend(&departures);
  endSend(pipeline, epoch);
  lowerFrom(pipeline, level);
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
  arrival->largeDatagram = 0;
  arrival->coalesced = 0;
  if (arrival->isReceiveKind) {
    arrival->coalesced = (uint32_t)(ULONG_PTR)NET_BUFFER_LIST_INFO(list, TcpRecvSegCoalesceInfo);
  } else {
    arrival->largeSend = (uint32_t)(ULONG_PTR)NET_BUFFER_LIST_INFO(list, TcpLargeSendNetBufferListInfo);
    arrival->largeDatagram = (uint32_t)(ULONG_PTR)NET_BUFFER_LIST_INFO(list, UdpSegmentationOffloadInfo);
  }
  arrival->tag = (uint32_t)(ULONG_PTR)NET_BUFFER_LIST_INFO(list, Ieee8021QNetBufferListInfo);
  arrival->lastingByteCount = 0;
  // A list of several packets would have to go on as a whole.
  PNET_BUFFER buffer = NET_BUFFER_LIST_FIRST_NB(list);
  if (buffer && !buffer->Next)
    arrival->lastingByteCount = detail->IsPacketDataSafe ? NET_BUFFER_DATA_LENGTH(buffer) : detail->SafePacketDataSize;
}

// Takes the batch through the engine, and notes what became of its lists.
static void processBatch(ULONG index, ULONG count, struct Departures *departures) {
  struct Pipeline *pipeline = &driver.pipelines[index];
  uint32_t delivered = ExtensionProcess(driver.extension, index, KernelMilliseconds());
  uint32_t unsent = DeparturesCollect(index, departures);
  delivered &= ~unsent;
  for (ULONG row = 0; row < count; row++) {
    PNET_BUFFER_LIST list = pipeline->rows[row];
    if (LIST_FATE(list) == FATE_FORWARDED) continue;
    // A list of several packets is dropped only if all of them are.
    if (delivered >> row & 1)
      LIST_FATE(list) = FATE_COMPLETED;
    else if (IS_DROPPED(list))
      LIST_FATE(list) = FATE_DROPPED(ExtensionDropReason(driver.extension, index, row));
  }
}

// Hands the packets of a chain to an engine; under the pipeline's lock.
static void arrive(ULONG index, struct Module *module, PNET_BUFFER_LIST list, struct Departures *departures) {
  ULONG count = 0;
  for (; list; list = list->Next) {
    if (NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(list)->NativeForwardingRequired) {
      LIST_FATE(list) = FATE_FORWARDED;
      continue;
    }
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
        continue;
      }
      if (IS_DROPPED(list)) LIST_FATE(list) = FATE_DROPPED(result & 0xff);
      if (result & extensionUnbound) break;
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

static void completeAll(struct Module *module, PNET_BUFFER_LIST lists, NDIS_STATUS status) {
  if (!lists) return;
  for (PNET_BUFFER_LIST list = lists; list; list = list->Next) {
    LIST_FATE(list) = FATE_COMPLETED;
    NET_BUFFER_LIST_STATUS(list) = status;
  }
  NdisFSendNetBufferListsComplete(module->filterHandle, lists, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
}

// Takes those lists out of a chain that go on themselves, and sends them.
static void sendForwarded(struct Module *module, PNET_BUFFER_LIST *lists) {
  PNET_BUFFER_LIST taken = NULL, *last = &taken, *place = lists;
  while (*place) {
    PNET_BUFFER_LIST list = *place;
    if (LIST_FATE(list) == FATE_FORWARDED) {
      *place = list->Next;
      list->Next = NULL;
      LIST_FATE(list) = FATE_COMPLETED;
      *last = list;
      last = &list->Next;
    } else {
      place = &list->Next;
    }
  }
  if (taken) NdisFSendNetBufferLists(module->filterHandle, taken, NDIS_DEFAULT_PORT_NUMBER, NDIS_SEND_FLAGS_DISPATCH_LEVEL);
}

// Sends what comes of a chain; takes over the pipeline's lock and gives it back.
static void forward(struct Module *module, ULONG index, PNET_BUFFER_LIST lists) {
  struct Pipeline *pipeline = &driver.pipelines[index];
  struct Departures departures;
  DeparturesBegin(&departures, module);
  ULONG epoch = beginSend(pipeline);
  arrive(index, module, lists, &departures);
  KeReleaseSpinLockFromDpcLevel(&pipeline->lock);
  DeparturesSend(&departures);
  sendForwarded(module, &lists);
  endSend(pipeline, epoch);
  if (pipeline->hasUpcalls) WorkerRing();
  ReportDropped(module, lists);
  concludeLargeSends(lists);
  completeAll(module, lists, NDIS_STATUS_SUCCESS);
}

static void refuse(struct Module *module, PNET_BUFFER_LIST lists) {
  for (PNET_BUFFER_LIST list = lists; list; list = list->Next) LIST_FATE(list) = FATE_DROPPED(reasonPaused);
  ReportDropped(module, lists);
  completeAll(module, lists, NDIS_STATUS_PAUSED);
}

VOID NTAPI FilterSendNetBufferLists(
    NDIS_HANDLE context, PNET_BUFFER_LIST lists, NDIS_PORT_NUMBER port, ULONG sendFlags) {
  struct Module *module = context;
  (void)port;
  (void)sendFlags;
  ULONG index = currentPipeline();
  struct Pipeline *pipeline = &driver.pipelines[index];
  KIRQL level = KeAcquireSpinLockRaiseToDpc(&pipeline->lock);
  ModuleEnter(module);
  if (ModuleRuns(module)) {
    forward(module, index, lists);
  } else {
    KeReleaseSpinLockFromDpcLevel(&pipeline->lock);
    refuse(module, lists);
  }
  ModuleRelease(module);
  lowerFrom(pipeline, level);
}

// MARK: Coming back

VOID NTAPI FilterSendNetBufferListsComplete(NDIS_HANDLE context, PNET_BUFFER_LIST lists, ULONG flags) {
  struct Module *module = context;
  PNET_BUFFER_LIST others = NULL, *last = &others;
  while (lists) {
    PNET_BUFFER_LIST list = lists;
    lists = list->Next;
    list->Next = NULL;
    if (DeparturesTakeBack(module, list)) continue;
    *last = list;
    last = &list->Next;
  }
  if (others) NdisFSendNetBufferListsComplete(module->filterHandle, others, flags);
}

VOID NTAPI FilterCancelSendNetBufferLists(NDIS_HANDLE context, PVOID cancelId) {
  struct Module *module = context;
  // Nothing waits here; what was forwarded natively may wait below.
  NdisFCancelSendNetBufferLists(module->filterHandle, cancelId);
}

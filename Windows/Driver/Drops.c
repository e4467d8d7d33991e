// Drops: what the switch is told of packets that go nowhere.
#include "Packets.h"

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
    REASON(L"No connected adapter is behind the port out"),
    REASON(L"The adapter is not a port of Open vSwitch"),
    REASON(L"Too much of what the adapter sent is still on its way"),
    REASON(L"It could not be sent"),
};

static const UNICODE_STRING *reasonText(ULONG reason) {
  static const UNICODE_STRING paused = REASON(L"Open vSwitch is paused on this switch");
  static const UNICODE_STRING unknown = REASON(L"Dropped by Open vSwitch");
  if (reason < RTL_NUMBER_OF(reasons)) return &reasons[reason];
  return reason == reasonPaused ? &paused : &unknown;
}

static void reportRun(struct Module *module, PNET_BUFFER_LIST first, ULONG count, ULONG port, ULONG reason) {
  module->handlers.ReportFilteredNetBufferLists(
      module->switchContext, &module->guid, &extensionName, port, NDIS_SWITCH_REPORT_FILTERED_NBL_FLAGS_IS_INCOMING,
      count, first, (PUNICODE_STRING)reasonText(reason));
}

void ReportDropped(struct Module *module, PNET_BUFFER_LIST list) {
  while (list) {
    if (!IS_DROPPED(list)) {
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

// References: what the switch is asked to keep for as long as packets may name it.
//
// What: one on each port that is known and one on each adapter that is a destination, so that the switch deletes neither
// before it is given back. An adapter without a reference is not connected, as far as this driver goes.
//
// How: a module notes what it holds, so that nothing is taken or given back twice, however often the switch tells of it. Notes
// are few and looked at by requests alone; packets are counted elsewhere (PipelinesQuiesce). What is held of a port lies in
// one bucket.
#include "Driver.h"

struct Reference {
  struct Reference *next;
  ULONG port;
  ULONG index;  // REFERENCE_PORT: the port itself
  BOOLEAN isSaved;
};

// As many ports as the model takes (ExtensibleSwitch.maximumPortCount), an adapter at each, and a team's.
#define REFERENCE_MAXIMUM_COUNT (2 * 4096 + 32)

static struct Reference **bucketOf(struct Module *module, ULONG port) {
  return &module->references[port % REFERENCE_BUCKET_COUNT];
}

static struct Reference *held(struct Module *module, ULONG port, ULONG index) {
  struct Reference *reference = *bucketOf(module, port);
  while (reference && (reference->port != port || reference->index != index)) reference = reference->next;
  return reference;
}

static BOOLEAN isGoing(const struct Module *module, ULONG port, ULONG index) {
  return module->isLeaving ||
         (module->goingPort == port && (module->goingIndex == REFERENCE_PORT || module->goingIndex == index));
}

static BOOLEAN take(struct Module *module, ULONG port, ULONG index) {
  if (port == NDIS_SWITCH_DEFAULT_PORT_ID || isGoing(module, port, index)) return FALSE;
  if (held(module, port, index)) return TRUE;
  if (module->referenceCount == REFERENCE_MAXIMUM_COUNT) return FALSE;
  struct Reference *reference = KernelAllocate(16, sizeof *reference);
  if (!reference) return FALSE;
  NDIS_STATUS status =
      index == REFERENCE_PORT
          ? module->handlers.ReferenceSwitchPort(module->switchContext, port)
          : module->handlers.ReferenceSwitchNic(module->switchContext, port, (NDIS_SWITCH_NIC_INDEX)index);
  if (status != NDIS_STATUS_SUCCESS) {
    free(reference);
    return FALSE;
  }
  struct Reference **bucket = bucketOf(module, port);
  *reference = (struct Reference){.next = *bucket, .port = port, .index = index};
  *bucket = reference;
  module->referenceCount++;
  return TRUE;
}

static void give(struct Module *module, struct Reference **link) {
  struct Reference *reference = *link;
  *link = reference->next;
  module->referenceCount--;
  if (reference->index == REFERENCE_PORT)
    module->handlers.DereferenceSwitchPort(module->switchContext, reference->port);
  else
    module->handlers.DereferenceSwitchNic(
        module->switchContext, reference->port, (NDIS_SWITCH_NIC_INDEX)reference->index);
  free(reference);
}

BOOLEAN ReferencePort(struct Module *module, ULONG port) { return take(module, port, REFERENCE_PORT); }

BOOLEAN ReferenceAdapter(struct Module *module, ULONG port, ULONG index) {
  return !isGoing(module, port, index) && take(module, port, REFERENCE_PORT) && take(module, port, index);
}

void ReferencesBeginEnd(struct Module *module, ULONG port, ULONG index) {
  module->goingPort = port;
  module->goingIndex = index;
}

void ReferencesGiveBack(struct Module *module, ULONG port, ULONG index) {
  struct Reference **link = bucketOf(module, port);
  while (*link) {
    if ((*link)->port == port && (index == REFERENCE_PORT || (*link)->index == index))
      give(module, link);
    else
      link = &(*link)->next;
  }
}

void ReferencesEnd(struct Module *module) {
  module->goingPort = NDIS_SWITCH_DEFAULT_PORT_ID;
}

BOOLEAN ReferenceIsSaved(struct Module *module, ULONG port, ULONG index) {
  const struct Reference *reference = held(module, port, index);
  return !reference || reference->isSaved;
}

void ReferenceSetSaved(struct Module *module, ULONG port, ULONG index, BOOLEAN isSaved) {
  struct Reference *reference = held(module, port, index);
  if (reference) reference->isSaved = isSaved;
}

void ReferencesGiveBackAll(struct Module *module) {
  for (ULONG bucket = 0; bucket < REFERENCE_BUCKET_COUNT; bucket++) {
    KIRQL level = ControlAcquire();
    while (module->references[bucket]) give(module, &module->references[bucket]);
    ControlRelease(level);
  }
}

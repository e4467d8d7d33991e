// The border between the C adapter and the Swift of the driver: fixed-width types only.
//
// The first half is what Swift calls; swiftc reads this file. The second half, for C alone, is what Swift offers.
#ifndef APUS_BORDER_H
#define APUS_BORDER_H

#include <stdint.h>

// A port or an adapter of a virtual switch, as a request of the switch describes it. Names are UTF-16.
struct BorderPort {
  uint32_t switchID;
  uint32_t port;
  uint32_t type;
  uint32_t nameByteCount;
  const uint16_t *name;
};

struct BorderAdapter {
  uint32_t switchID;
  uint32_t port;
  uint32_t index;
  uint32_t type;
  uint32_t nameByteCount;
  uint32_t aliasByteCount;
  const uint16_t *name;
  const uint16_t *alias;
  uint64_t address;
  uint32_t mtu;
  uint32_t reserved;
};

// A packet that arrives; `isReceiveKind` says what the out-of-band words mean.
struct BorderArrival {
  uint32_t switchID;
  uint32_t port;
  uint32_t index;
  uint32_t isReceiveKind;
  uint32_t checksum;
  uint32_t largeSend;
  uint32_t largeDatagram;
  uint32_t coalesced;
  uint32_t tag;
  uint32_t byteCount;
  uint32_t lastingByteCount;  // how many of its first bytes stay as they are; 0 if its list cannot go on itself
  uint32_t reserved;
};

// A packet that departs. If `omitsTag`, the four bytes at offset 12 are left out; then, if `patchOffset` is not zero, two
// bytes there are `patchValue` in network order. Packets of one call with the same `place` have the same bytes. `row` is the
// place in the batch of what it came from, or BORDER_NO_ROW; if `isOriginal`, the list from there goes on itself, and neither
// bytes nor out-of-band words matter.
#define BORDER_NO_ROW 0xffffffffu

struct BorderDeparture {
  const uint8_t *bytes;
  uint64_t place;
  uint32_t byteCount;
  uint32_t switchID;
  uint32_t port;
  uint32_t index;
  uint32_t sourcePort;
  uint32_t sourceIndex;
  uint32_t checksum;
  uint32_t largeSend;
  uint32_t coalesced;
  uint32_t tag;
  uint32_t omitsTag;
  uint16_t patchOffset;
  uint16_t patchValue;
  uint32_t row;
  uint32_t isOriginal;
};

// Take and give back the control lock, and the lock of a pipeline, at DISPATCH_LEVEL or below.
void ControlEnter(void);
void ControlLeave(void);
void PipelineAcquire(uint32_t pipeline);
void PipelineRelease(uint32_t pipeline);
// Copies a whole packet, from wherever it lies; 0 if it cannot be read.
uint32_t PacketsRead(void *netBuffer, uint8_t *to, uint32_t byteCount);
// What came of taking a packet that departs: it was taken; too much is in flight; there is no memory, or its switch does not
// run.
enum { departureTaken = 0, departureOverLimit = 1, departureFailed = 2 };
// Takes a packet that departs.
uint32_t PacketsDepart(void *departures, const struct BorderDeparture *departure);
// What an engine of the sizes in Glue.swift takes at first, at most.
#define ENGINE_START_BYTES 16777216u
// How many bytes the driver's heap may still take.
uint64_t KernelHeapRoom(void);
// Whether the system gives so many bytes at this moment.
uint32_t KernelHeapTry(uint64_t byteCount);
// Milliseconds since the system started, or since some moment near that.
uint64_t KernelMilliseconds(void);

#ifndef APUS_IN_SWIFT

enum ExtensionEvent {
  extensionCreate = 0,
  extensionUndo,
  extensionLearn,
  extensionLearnConnected,  // adapters alone
  extensionUpdate,
  extensionConnect,     // adapters alone
  extensionDisconnect,  // adapters alone
  extensionTearDown,    // ports alone
  extensionDelete,
};

// What an event came to.
enum ExtensionVerdict {
  extensionDone = 0,
  extensionTolerated = 1,  // out of order, and counted
  extensionVetoed = 2,     // out of order, and must not happen where it can be refused
};

// What an arriving packet came to; below 32 its place in the batch.
enum ExtensionArrival {
  extensionDropped = 0x100,  // the low byte is the reason
  extensionUnbound = 0x200,  // so is it here
  extensionFull = 0x400,
};

// What a request says of a port or an adapter.
enum ExtensionFate { extensionUnsaid = 0, extensionPresent, extensionConnected, extensionGone };

// What is to be made of an entry of a list of all ports or adapters.
enum ExtensionBelief { extensionUnsure = 0, extensionBelievedGone, extensionBelievedPresent, extensionBelievedConnected };

// In the place of an adapter's index: the port itself.
#define EXTENSION_PORT_ITSELF 0xffffffffu

void *ExtensionCreate(uint32_t pipelineCount, uint64_t seed);
void ExtensionDestroy(void *extension);

// Under the control lock.
uint32_t ExtensionAttach(void *extension, uint32_t switchID);
uint32_t ExtensionDetach(void *extension, uint32_t switchID);
uint32_t ExtensionPort(void *extension, uint32_t event, const struct BorderPort *port);
uint32_t ExtensionAdapter(void *extension, uint32_t event, const struct BorderAdapter *adapter);
// A list of a switch's ports or adapters will be asked for, or none will be looked at any more.
void ExtensionSetLearning(void *extension, uint32_t switchID, uint32_t begins);
// A request begins that says something of a port or an adapter, or is over.
void ExtensionNoteRequest(
    void *extension, uint32_t switchID, uint32_t port, uint32_t index, uint32_t fate, uint32_t isOver);
uint32_t ExtensionBelieve(
    void *extension, uint32_t switchID, uint32_t port, uint32_t index, uint32_t isConnected, uint32_t isLast);
uint32_t ExtensionSave(
    void *extension, uint32_t switchID, uint32_t port, uint32_t index, uint8_t *to, uint32_t capacity);
uint32_t ExtensionRestore(
    void *extension, uint32_t switchID, uint32_t port, uint32_t index, const uint8_t *bytes, uint32_t count);
// Hands the names of adapters that have come or gone to the device.
void ExtensionAnnounce(void *extension);

// Under the requests' lock; they take the control lock and the pipelines' for a step at a time.
void ExtensionMaintain(void *extension);
// Hands some of what a pipeline has for the daemon to the device; whether there is more.
uint32_t ExtensionDeliver(void *extension, uint32_t pipeline);

// Under the pipeline's lock.
uint32_t ExtensionArrive(
    void *extension, uint32_t pipeline, const struct BorderArrival *arrival, void *netBuffer);
uint32_t ExtensionProcess(void *extension, uint32_t pipeline, uint64_t milliseconds);
// Why a packet of the batch was dropped.
uint32_t ExtensionDropReason(void *extension, uint32_t pipeline, uint32_t row);
// Returns a bit for each packet of the batch of which something could not be sent.
uint32_t ExtensionDepart(void *extension, uint32_t pipeline, void *departures);
// Says that so many departures of a packet of the batch, or of none, came to nothing after all.
void ExtensionCountUnsent(void *extension, uint32_t pipeline, uint32_t row, uint64_t count);
uint32_t ExtensionHasUpcalls(void *extension, uint32_t pipeline);

#endif
#endif

// How a program in user mode plays the management side of the simulated Hyper-V switches: the device \\.\FakeNdis
// and its control codes. Shared by ndis.sys and the harness; only fixed-width types.
#ifndef FAKE_CONTROL_H
#define FAKE_CONTROL_H

#include <stdint.h>

#define FAKE_DEVICE_TYPE 0x8f00
#define FAKE_CODE(function) ((FAKE_DEVICE_TYPE << 16) | ((function) << 2))

// In: FakeCommand. Out: FakeReply. Done when the driver under test has answered, or nothing has moved for long (Patience.c).
#define FAKE_IOCTL_COMMAND FAKE_CODE(0x801)
// In: FakeInjection, then the bytes of the frame. Out: FakeReply. The frame enters the switch as if its NIC had sent it.
#define FAKE_IOCTL_INJECT FAKE_CODE(0x802)
// In: FakePlace. Out: as many of the frames delivered to that NIC as fit, each a FakeFrame and its bytes, filled up to 8.
#define FAKE_IOCTL_COLLECT FAKE_CODE(0x803)
// In: nothing. Out: nothing. Pends until a frame is delivered to a watched NIC (see fakeWatchNIC), then succeeds.
#define FAKE_IOCTL_WAIT FAKE_CODE(0x804)
// In: nothing. Out: FakeCounters.
#define FAKE_IOCTL_COUNTERS FAKE_CODE(0x805)
// In: nothing. Out: text, a line for each complaint about the driver; taking them empties the list.
#define FAKE_IOCTL_COMPLAINTS FAKE_CODE(0x806)
// In: nothing. Out: text, a line for each packet reported as filtered since last asked: "switch port direction count reason".
#define FAKE_IOCTL_FILTERED FAKE_CODE(0x807)

#define FAKE_NAME_LIMIT 256

enum FakeOperation {
    fakeSwitchCreate = 1,  // switch, name; flags: FAKE_SWITCH_*
    fakeSwitchDelete,      // switch; the extension is detached first
    fakeSwitchActivate,    // switch; inactive becomes active, NetEventSwitchActivate
    fakeFilterAttach,      // switch; FilterAttach and FilterRestart
    fakeFilterDetach,      // switch; FilterPause and FilterDetach
    fakeFilterPause,       // switch
    fakeFilterRestart,     // switch
    fakePortCreate,        // switch, port, type, name (the port's name), friendlyName
    fakePortUpdate,        // switch, port, friendlyName
    fakePortTeardown,      // switch, port
    fakePortDelete,        // switch, port
    fakeNICCreate,         // switch, port, nic, type, name, friendlyName, mac, value = MTU; in a reply: nothing
    fakeNICConnect,        // switch, port, nic
    fakeNICUpdate,         // switch, port, nic, friendlyName, mac
    fakeNICDisconnect,     // switch, port, nic
    fakeNICDelete,         // switch, port, nic
    fakeNICSave,           // switch, port, nic; reply: how many bytes the extension saved
    fakeNICRestore,        // switch, port, nic; what was saved last from any NIC goes to this one
    fakeNICRequest,        // switch, port, nic, value = the OID wrapped; an encapsulated request
    fakePortProperty,      // switch, port, value = FAKE_PROPERTY_*; a port property as Hyper-V's own policies are
    fakeRawOID,            // switch, value = OID, flags = how many bytes of zeros; a set request that may be nonsense
    fakeVeto,              // value = OID, flags = how many times: the layer below fails it
    fakeOIDsPend,          // value != 0: OIDs below are completed later, by another thread
    fakeSendsPend,         // value != 0: what the driver sends is completed later, by another thread
    fakeHoldSends,         // value != 0: what the driver sends is not completed until this is 0 again
    fakeWatchNIC,          // switch, port, nic, value: FAKE_IOCTL_WAIT ends when a frame is delivered to it
    fakeLoadStart,         // switch, port, nic: threads send what was injected last there, again and again; value = threads
    fakeLoadStop,          // reply: how many frames were sent
    fakeLifeStart,         // switch, port, nic: a thread disconnects, renames and connects the NIC again and again; name, friendlyName
    fakeLifeStop,          // reply: how many turns there were
    fakeFailAllocations,   // value = every how many allocations of NDIS fails, 0 for none; flags != 0: of pool memory too
    fakeQuiesce,           // waits until nothing is in the driver's hands, or nothing moves; reply: what still is
    fakeReferences,        // switch, port, nic: reply: references held on the NIC (nic != 0xffff) or the port
    fakeAnnounceDetach,    // switch; NetEventFilterPreDetach, which a detach otherwise begins with
    fakeHoldOIDs,          // value != 0: set requests wait below until this is 0 again, or they are cancelled
    fakeCancelOID,         // switch; cancels the request that is under way; value != 0: one that is not
    fakeCancelSends,       // switch, value = identifier; cancels what was injected with it
    fakeEndBackground,     // waits value milliseconds, 0 for any time, for the command in the background; reply: its own, or
                           // NDIS_STATUS_PENDING
    fakeSwitchProperty,    // switch, value = FAKE_PROPERTY_*
    fakeRefuseReferences,  // value = how many more references are refused, on whatever
    fakeBetween,           // type = a FakeOperation, flags = FAKE_BETWEEN_*, the rest is its own: happens once a list is made
    fakeBetweenEnd,        // what had stopped goes on; reply: whether all that was planned had happened
    fakeStop,              // value = an OID, 0 for none; flags: FAKE_STOP_*: requests of this number stop on their way
    fakePaceSends,         // value = milliseconds before each list that is completed later (see fakeSendsPend), 0 for none
    fakeLoseSends,         // value = how many more lists that the driver sends are never completed
    fakePatience,          // value = milliseconds without anything that moves after which a wait is given up, 0 for the usual
    fakeForgive,           // forgets the complaints up to now; reply: how many
    fakeLetGo,             // ends loads and lives, and all that is held, stopped or slowed down
};

// Added to an operation on a switch: a thread performs it, one at a time.
#define FAKE_IN_BACKGROUND 0x80000000u

// Flags of fakeSwitchCreate.
#define FAKE_SWITCH_INACTIVE 1u

// Flags of fakeBetween: between which list and the driver, and whether the operation fails.
#define FAKE_BETWEEN_PORTS 0u
#define FAKE_BETWEEN_NICS 1u
#define FAKE_BETWEEN_LIST 1u
#define FAKE_BETWEEN_FAILS 2u

// Flags of fakeStop.
#define FAKE_STOP_ABOVE 0u
#define FAKE_STOP_BELOW 1u

// Values of fakePortProperty.
#define FAKE_PROPERTY_ADD 1u
#define FAKE_PROPERTY_UPDATE 2u
#define FAKE_PROPERTY_DELETE 3u

struct FakePlace {
    uint32_t switchNumber;
    uint32_t port;
    uint32_t nic;
};

struct FakeCommand {
    uint32_t operation;
    struct FakePlace place;
    uint32_t type;  // NDIS_SWITCH_PORT_TYPE or NDIS_SWITCH_NIC_TYPE
    uint32_t value;
    uint32_t flags;
    uint8_t mac[8];
    uint16_t name[FAKE_NAME_LIMIT];  // UTF-16, ends with 0
    uint16_t friendlyName[FAKE_NAME_LIMIT];
};

struct FakeReply {
    int32_t status;  // NDIS_STATUS as the driver or the simulation gave it
    uint32_t value;
};

// Offload metadata, in the kinds' own terms: send kind for frames of machines, receive kind for those from outside.
#define FAKE_CHECKSUM_IPV4_HEADER 1u  // to be filled in (send), verified (receive)
#define FAKE_CHECKSUM_TCP 2u
#define FAKE_CHECKSUM_UDP 4u
#define FAKE_CHECKSUM_IPV4 8u  // the packet's version, as the send kind says it
#define FAKE_CHECKSUM_IPV6 16u
#define FAKE_CHECKSUM_FAILED 32u  // receive kind: TCP or UDP checksum was wrong

struct FakeInjection {
    struct FakePlace place;
    uint32_t byteCount;
    uint32_t checksum;      // FAKE_CHECKSUM_*
    uint32_t segmentSize;   // LSO: bytes of payload in a segment, 0 for none
    uint32_t tcpOffset;     // of the TCP header, for checksum and LSO
    uint32_t vlan;          // 0x10000 | TCI (priority and identifier) of a tag beside the data, 0 for none
    uint32_t pieces;        // MDLs in which the bytes lie (at least 1)
    uint32_t firstPiece;    // bytes in the first MDL, 0 for an even split
    uint32_t headroom;      // unused bytes in front, in the first MDL
    uint32_t buffers;       // NET_BUFFERs in the list, each with the same frame (at least 1)
    uint32_t lists;         // NET_BUFFER_LISTs in the call, each alike (at least 1)
    uint32_t flags;         // FAKE_INJECT_*
    uint32_t scribbleAt;    // an unsafe frame's byte that changes all the while
    uint32_t scribbleValue; // what it changes to and back
    uint32_t safeByteCount; // of an unsafe frame
};

// The data is memory shared with the guest, and scribbled on.
#define FAKE_INJECT_UNSAFE 1u
// The switch forwards it by itself (HNV): the driver must not add destinations.
#define FAKE_INJECT_NATIVE 2u
// Sent at DISPATCH_LEVEL, said in the flags.
#define FAKE_INJECT_DISPATCH 4u
// Sent although the NIC is not connected yet, or no longer.
#define FAKE_INJECT_UNCONNECTED 8u
// All lists of the call come from one source, said in the flags.
#define FAKE_INJECT_SINGLE_SOURCE 16u
// The identifier by which it can be cancelled, 0 for none.
#define FAKE_INJECT_CANCEL_ID(flags) ((flags) >> 16)

struct FakeFrame {
    uint32_t byteCount;
    uint32_t sourcePort;
    uint32_t sourceNIC;
    uint32_t checksum;  // FAKE_CHECKSUM_*, still to be done if the kind is send
    uint32_t segmentSize;
    uint32_t tcpOffset;
    uint32_t vlan;      // as in FakeInjection
    uint32_t flags;     // FAKE_FRAME_*
};

// The metadata is of the receive kind.
#define FAKE_FRAME_RECEIVE_KIND 1u
// The list was the injected one, not one of the driver's.
#define FAKE_FRAME_ORIGINAL 2u
// The destination asked to preserve the VLAN tag.
#define FAKE_FRAME_PRESERVE_VLAN 4u

struct FakeCounters {
    uint64_t injected;         // lists handed to the driver
    uint64_t returned;         // of them, given back
    uint64_t sent;             // lists the driver sent, its own and ours
    uint64_t delivered;        // frames delivered to NICs
    uint64_t overflowed;       // frames that found a NIC's queue full
    uint64_t filtered;         // packets reported as filtered
    uint64_t destinationLess;  // lists sent without a destination
    uint64_t trustedSource;    // lists sent with the default source, which port policy does not see
    uint64_t completions;      // lists of the driver's completed to it
    uint64_t oids;             // set requests issued
    uint64_t queries;          // requests of the driver's own
    uint64_t liveClones;       // OID clones allocated and not freed
    uint64_t livePools;
    uint64_t liveLists;        // of the driver's pools
    uint64_t liveBuffers;
    uint64_t liveMdls;
    uint64_t liveContexts;     // forwarding contexts on the driver's lists
    uint64_t liveMemory;       // NdisAllocateMemoryWithTagPriority, in pieces
    uint64_t liveReferences;   // on ports and NICs
    uint64_t liveLocks;
    uint64_t modules;          // filter modules attached
    uint64_t turns;            // of the life that changes all the while
    uint64_t cancels;          // of sends and requests, passed on by the driver
    uint64_t complaints;       // ever
};

#endif

// Joins NICs of the simulated switches to UDP sockets on the loopback. A datagram is a FakeFrame or a FakeInjection in front
// of the frame's bytes, so that offload metadata passes too; whoever has the other end does what hardware would.
#include "Harness.h"

#include <string.h>

#define BRIDGE_LIMIT 16

struct Bridge {
    struct FakePlace place;
    SOCKET socket;
    struct sockaddr_in remote;
};

static struct Bridge bridges[BRIDGE_LIMIT];
static volatile LONG bridgeCount;
static LONG pumping;

// From the socket into the switch.
static DWORD WINAPI injectAll(void *argument) {
    struct Bridge *bridge = argument;
    static const uint32_t header = sizeof(struct FakeInjection);
    uint8_t *bytes = HeapAlloc(GetProcessHeap(), 0, FRAME_LIMIT);
    HANDLE device = openDevice();
    for (;;) {
        int count = recv(bridge->socket, (char *)bytes, FRAME_LIMIT, 0);
        if (count < 0 && WSAGetLastError() == WSAECONNRESET) continue;
        if (count < 0) return 0;
        if ((uint32_t)count <= header) continue;
        struct FakeInjection *injection = (struct FakeInjection *)bytes;
        struct FakeReply reply;
        injection->place = bridge->place;
        injection->byteCount = (uint32_t)count - header;
        callDevice(device, FAKE_IOCTL_INJECT, bytes, (uint32_t)count, &reply, sizeof reply, NULL);
    }
}

static void sendFrames(HANDLE device, struct Bridge *bridge, uint8_t *bytes, uint32_t limit) {
    uint32_t got = 0, at = 0;
    do {
        if (callDevice(device, FAKE_IOCTL_COLLECT, &bridge->place, sizeof bridge->place, bytes, limit, &got)) return;
        for (at = 0; at + sizeof(struct FakeFrame) <= got;) {
            struct FakeFrame *frame = (struct FakeFrame *)(bytes + at);
            uint32_t size = sizeof *frame + frame->byteCount;
            sendto(bridge->socket, (char *)frame, (int)size, 0, (struct sockaddr *)&bridge->remote, sizeof bridge->remote);
            at += sizeof *frame + ((frame->byteCount + 7) & ~7u);
        }
    } while (got);
}

// From the switch to the sockets: one thread for all bridges, woken by the device.
static DWORD WINAPI collectAll(void *argument) {
    uint32_t limit = 4 * FRAME_LIMIT;
    uint8_t *bytes = HeapAlloc(GetProcessHeap(), 0, limit);
    HANDLE device = openDevice();
    (void)argument;
    for (;;) {
        if (callDevice(device, FAKE_IOCTL_WAIT, NULL, 0, NULL, 0, NULL)) return 0;
        for (LONG index = 0; index < bridgeCount; index++) sendFrames(device, &bridges[index], bytes, limit);
    }
}

int startBridge(const struct FakePlace *place, uint16_t localPort, uint16_t remotePort) {
    struct sockaddr_in local = {0};
    if (bridgeCount == BRIDGE_LIMIT) return -1;
    struct Bridge *bridge = &bridges[bridgeCount];
    bridge->place = *place;
    bridge->socket = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    local.sin_port = htons(localPort);
    bridge->remote = local;
    bridge->remote.sin_port = htons(remotePort);
    int room = 1 << 20;
    setsockopt(bridge->socket, SOL_SOCKET, SO_RCVBUF, (char *)&room, sizeof room);
    if (bind(bridge->socket, (struct sockaddr *)&local, sizeof local)) return WSAGetLastError();

    struct FakeCommand command;
    struct FakeReply reply;
    memset(&command, 0, sizeof command);
    command.operation = fakeWatchNIC;
    command.place = *place;
    command.value = 1;
    HANDLE device = openDevice();
    int error = callDevice(device, FAKE_IOCTL_COMMAND, &command, sizeof command, &reply, sizeof reply, NULL);
    CloseHandle(device);
    if (error || reply.status) return error ? error : (int)reply.status;

    InterlockedIncrement(&bridgeCount);
    CloseHandle(CreateThread(NULL, 0, injectAll, bridge, 0, NULL));
    if (!InterlockedExchange(&pumping, 1)) CloseHandle(CreateThread(NULL, 0, collectAll, NULL, 0, NULL));
    return 0;
}

// Requests that end later: begun, asked about, cancelled.
#include "Harness.h"

#include <stdio.h>

#define PENDING_LIMIT 64

static struct Pending {
    HANDLE device;
    OVERLAPPED overlapped;
    uint8_t in[4096];
    uint8_t out[4096];
} pending[PENDING_LIMIT];

// Begins a request; answers its number and the error of the call, which is 997 if it is under way.
void beginNamed(const struct Words *words) {
    HANDLE device = handleNamed(words);
    int index = 0;
    while (index < PENDING_LIMIT && pending[index].device) index++;
    const char *text = wordNamed(words, "in");
    if (!device || index == PENDING_LIMIT) {
        printf("error no handle or no room\n");
        return;
    }
    struct Pending *one = &pending[index];
    int32_t count = text ? bytesFromHex(text, one->in, sizeof one->in) : 0;
    uint32_t limit = numberNamed(words, "out", 0);
    if (count < 0 || limit > sizeof one->out) {
        printf("error wrong bytes\n");
        return;
    }
    memset(&one->overlapped, 0, sizeof one->overlapped);
    one->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    one->device = device;
    BOOL done = DeviceIoControl(device, numberNamed(words, "code", 0), count ? one->in : NULL, (DWORD)count,
                                limit ? one->out : NULL, limit, NULL, &one->overlapped);
    printf("ok %d %lu\n", index, done ? 0 : GetLastError());
}

static struct Pending *pendingNamed(const struct Words *words) {
    uint32_t index = numberNamed(words, "pending", PENDING_LIMIT);
    if (index < PENDING_LIMIT && pending[index].device) return &pending[index];
    printf("error no such request\n");
    return NULL;
}

// Waits so many milliseconds for a request to end; answers its error and its bytes, or 258 if it is still under way.
void endedNamed(const struct Words *words) {
    struct Pending *one = pendingNamed(words);
    if (!one) return;
    if (WaitForSingleObject(one->overlapped.hEvent, numberNamed(words, "wait", 0)) != WAIT_OBJECT_0) {
        printf("ok 258 \n");
        return;
    }
    DWORD count = 0;
    DWORD error = GetOverlappedResult(one->device, &one->overlapped, &count, FALSE) ? 0 : GetLastError();
    CloseHandle(one->overlapped.hEvent);
    one->device = NULL;
    printf("ok %lu ", error);
    printHex(one->out, count);
    printf("\n");
}

// Cancels a request; answers the error of the call.
void cancelNamed(const struct Words *words) {
    struct Pending *one = pendingNamed(words);
    if (one) printf("ok %lu\n", CancelIoEx(one->device, &one->overlapped) ? 0 : GetLastError());
}

// Two threads that begin and cancel as fast as they can: whatever the order, each request ends once.
static DWORD WINAPI cancelling(LPVOID argument) {
    HANDLE *device = argument;
    while (*device) {
        CancelIoEx(*device, NULL);
        Sleep(0);
    }
    return 0;
}

// Begins the same request so many times while another thread cancels; answers how many ended by themselves, were cancelled, and
// ended otherwise.
void raceNamed(const struct Words *words) {
    HANDLE device = handleNamed(words);
    const char *text = wordNamed(words, "in");
    uint8_t in[256];
    int32_t count = text ? bytesFromHex(text, in, sizeof in) : -1;
    if (!device || count < 0) {
        printf("error no handle, or wrong bytes\n");
        return;
    }
    HANDLE volatile shared = device;
    HANDLE thread = CreateThread(NULL, 0, cancelling, (LPVOID)&shared, 0, NULL);
    uint32_t done = 0, cancelled = 0, other = 0;
    for (uint32_t round = numberNamed(words, "rounds", 1); round; round--) {
        int error = callDevice(device, numberNamed(words, "code", 0), in, (uint32_t)count, NULL, 0, NULL);
        if (!error) done++;
        else if (error == ERROR_OPERATION_ABORTED) cancelled++;
        else other++;
    }
    shared = NULL;
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    printf("ok %u %u %u\n", done, cancelled, other);
}

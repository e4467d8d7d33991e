// Other devices, as a program would use them: open, control, close. It is how the tests speak to the driver without the daemon.
#include "Harness.h"

#include <stdio.h>
#include <stdlib.h>

#define HANDLE_LIMIT 256

static HANDLE handles[HANDLE_LIMIT];

// Answers the number of the handle.
void openNamed(const struct Words *words) {
    const char *path = wordNamed(words, "path");
    int index = 0;
    while (index < HANDLE_LIMIT && handles[index]) index++;
    if (!path || index == HANDLE_LIMIT) {
        printf("error no path or no room\n");
        return;
    }
    HANDLE handle = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                                FILE_FLAG_OVERLAPPED, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        printf("error %s does not open: %lu\n", path, GetLastError());
        return;
    }
    handles[index] = handle;
    printf("ok %d\n", index);
}

HANDLE handleNamed(const struct Words *words) {
    uint32_t index = numberNamed(words, "handle", HANDLE_LIMIT);
    return index < HANDLE_LIMIT ? handles[index] : NULL;
}

void closeNamed(const struct Words *words) {
    HANDLE handle = handleNamed(words);
    if (handle) CloseHandle(handle);
    handles[numberNamed(words, "handle", 0) % HANDLE_LIMIT] = NULL;
    printf("ok\n");
}

// Answers the Windows error and the bytes that came back.
void controlNamed(const struct Words *words) {
    static uint8_t in[FRAME_LIMIT], out[2 * FRAME_LIMIT];
    const char *text = wordNamed(words, "in");
    int32_t count = text ? bytesFromHex(text, in, sizeof in) : 0;
    uint32_t got = 0, limit = numberNamed(words, "out", 0);
    HANDLE handle = handleNamed(words);
    if (!handle || count < 0 || limit > sizeof out) {
        printf("error no handle, or wrong bytes\n");
        return;
    }
    int error = callDevice(handle, numberNamed(words, "code", 0), count ? in : NULL, (uint32_t)count, limit ? out : NULL, limit, &got);
    printf("ok %d ", error);
    printHex(out, got);
    printf("\n");
}

// Reads commands and answers them, until the end of input.
#include "Harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

HANDLE openDevice(void) {
    return CreateFileW(L"\\\\.\\FakeNdis", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
}

// The handle is overlapped so that a call which pends (FAKE_IOCTL_WAIT) does not stand in the way of another thread's.
int callDevice(HANDLE device, uint32_t code, const void *in, uint32_t inCount, void *out, uint32_t outCount, uint32_t *got) {
    OVERLAPPED overlapped = {0};
    DWORD count = 0;
    overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    BOOL done = DeviceIoControl(device, code, (void *)in, inCount, out, outCount, &count, &overlapped);
    if (!done && GetLastError() == ERROR_IO_PENDING) done = GetOverlappedResult(device, &overlapped, &count, TRUE);
    DWORD error = done ? 0 : GetLastError();
    CloseHandle(overlapped.hEvent);
    if (got) *got = count;
    return (int)error;
}

const char *wordNamed(const struct Words *words, const char *key) {
    size_t length = strlen(key);
    for (int index = 1; index < words->count; index++)
        if (!strncmp(words->word[index], key, length) && words->word[index][length] == '=')
            return words->word[index] + length + 1;
    return NULL;
}

uint32_t numberNamed(const struct Words *words, const char *key, uint32_t otherwise) {
    const char *text = wordNamed(words, key);
    return text ? (uint32_t)strtoul(text, NULL, 0) : otherwise;
}

static int digit(char character) {
    if (character >= '0' && character <= '9') return character - '0';
    if (character >= 'a' && character <= 'f') return character - 'a' + 10;
    if (character >= 'A' && character <= 'F') return character - 'A' + 10;
    return -1;
}

int32_t bytesFromHex(const char *text, uint8_t *bytes, uint32_t limit) {
    uint32_t count = 0;
    for (; text[0] && text[1]; text += 2) {
        int high = digit(text[0]), low = digit(text[1]);
        if (high < 0 || low < 0 || count == limit) return -1;
        bytes[count++] = (uint8_t)(high << 4 | low);
    }
    return text[0] ? -1 : (int32_t)count;
}

void printHex(const uint8_t *bytes, uint32_t count) {
    for (uint32_t index = 0; index < count; index++) printf("%02x", bytes[index]);
}

static void split(char *line, struct Words *words) {
    words->count = 0;
    for (char *word = strtok(line, " \t\r\n"); word && words->count < 64; word = strtok(NULL, " \t\r\n"))
        words->word[words->count++] = word;
}

int main(void) {
    static char line[4 * FRAME_LIMIT];
    WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
    HANDLE device = openDevice();
    if (device == INVALID_HANDLE_VALUE) {
        printf("error the device does not open: %lu\n", GetLastError());
        return 1;
    }
    printf("ok ready\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        struct Words words;
        split(line, &words);
        if (words.count == 0) continue;
        runCommand(device, &words);
        fflush(stdout);
    }
    CloseHandle(device);
    return 0;
}

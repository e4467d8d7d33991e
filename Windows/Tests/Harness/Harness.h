// The harness: a program that speaks to the simulated switches' device, a command a line on standard input, an answer a line.
#ifndef HARNESS_H
#define HARNESS_H

#include <stdint.h>
#include <winsock2.h>
#include <windows.h>

#include "../FakeNDIS/Control.h"

// The words of a command line; a word `key=value` is found by its key.
struct Words {
    int count;
    char *word[64];
};

const char *wordNamed(const struct Words *words, const char *key);
uint32_t numberNamed(const struct Words *words, const char *key, uint32_t otherwise);

// A device handle of its own for each thread that calls.
HANDLE openDevice(void);
int callDevice(HANDLE device, uint32_t code, const void *in, uint32_t inCount, void *out, uint32_t outCount, uint32_t *got);

// Bytes written as hexadecimal digits; a negative count when they are not.
int32_t bytesFromHex(const char *text, uint8_t *bytes, uint32_t limit);
void printHex(const uint8_t *bytes, uint32_t count);

void runCommand(HANDLE device, const struct Words *words);

// Fills an injection from `key=value` words; false when there is no frame.
int fillInjection(const struct Words *words, struct FakeInjection *injection, uint8_t *bytes, uint32_t limit);

// Joins a NIC to a UDP socket on the loopback: 0 on success.
int startBridge(const struct FakePlace *place, uint16_t localPort, uint16_t remotePort);

// Other devices by path.
void openNamed(const struct Words *words);
void closeNamed(const struct Words *words);
void controlNamed(const struct Words *words);
HANDLE handleNamed(const struct Words *words);

// Requests that end later.
void beginNamed(const struct Words *words);
void endedNamed(const struct Words *words);
void cancelNamed(const struct Words *words);
void raceNamed(const struct Words *words);

#define FRAME_LIMIT 0x11000

#endif

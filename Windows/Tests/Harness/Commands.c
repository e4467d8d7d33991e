// The commands: a name, `key=value` words, one line of answer: `ok …` or `error …`.
#include "Harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Operation {
    const char *name;
    uint32_t operation;
};

static const struct Operation operations[] = {
    {"switch-create", fakeSwitchCreate}, {"switch-delete", fakeSwitchDelete}, {"switch-activate", fakeSwitchActivate},
    {"attach", fakeFilterAttach}, {"detach", fakeFilterDetach}, {"pause", fakeFilterPause}, {"restart", fakeFilterRestart},
    {"port-create", fakePortCreate}, {"port-update", fakePortUpdate}, {"port-teardown", fakePortTeardown},
    {"port-delete", fakePortDelete}, {"nic-create", fakeNICCreate}, {"nic-connect", fakeNICConnect},
    {"nic-update", fakeNICUpdate}, {"nic-disconnect", fakeNICDisconnect}, {"nic-delete", fakeNICDelete},
    {"nic-save", fakeNICSave}, {"nic-restore", fakeNICRestore}, {"nic-request", fakeNICRequest},
    {"port-property", fakePortProperty}, {"raw-oid", fakeRawOID}, {"veto", fakeVeto}, {"oids-pend", fakeOIDsPend},
    {"sends-pend", fakeSendsPend}, {"hold-sends", fakeHoldSends}, {"watch", fakeWatchNIC}, {"load-start", fakeLoadStart},
    {"load-stop", fakeLoadStop}, {"life-start", fakeLifeStart}, {"life-stop", fakeLifeStop}, {"fail-allocations", fakeFailAllocations}, {"quiesce", fakeQuiesce},
    {"pre-detach", fakeAnnounceDetach}, {"hold-oids", fakeHoldOIDs}, {"cancel-oid", fakeCancelOID},
    {"cancel-sends", fakeCancelSends}, {"end-background", fakeEndBackground}, {"switch-property", fakeSwitchProperty},
    {"between", fakeBetween}, {"between-end", fakeBetweenEnd}, {"stop", fakeStop},
    {"references", fakeReferences}, {"refuse-references", fakeRefuseReferences}, {"pace-sends", fakePaceSends},
    {"lose-sends", fakeLoseSends}, {"patience", fakePatience}, {"forgive", fakeForgive}, {"let-go", fakeLetGo},
};

// Names come as hexadecimal UTF-16, so that any name passes through a line of words.
static void fillName(const struct Words *words, const char *key, uint16_t *name) {
    const char *text = wordNamed(words, key);
    int32_t count = text ? bytesFromHex(text, (uint8_t *)name, 2 * (FAKE_NAME_LIMIT - 1)) : 0;
    name[count > 0 ? count / 2 : 0] = 0;
}

static struct FakePlace placeOf(const struct Words *words) {
    struct FakePlace place = {
        numberNamed(words, "switch", 0), numberNamed(words, "port", 0), numberNamed(words, "nic", 0)};
    return place;
}

static void say(int error, const struct FakeReply *reply) {
    if (error)
        printf("error the device answered %d\n", error);
    else if (reply->status)
        printf("error status 0x%08x value %u\n", (unsigned)reply->status, (unsigned)reply->value);
    else
        printf("ok %u\n", (unsigned)reply->value);
}

static void command(HANDLE device, uint32_t operation, const struct Words *words) {
    static struct FakeCommand command;
    struct FakeReply reply = {0, 0};
    memset(&command, 0, sizeof command);
    command.operation = operation | (numberNamed(words, "background", 0) ? FAKE_IN_BACKGROUND : 0);
    command.place = placeOf(words);
    command.type = numberNamed(words, "type", 0);
    command.value = numberNamed(words, "value", 0);
    command.flags = numberNamed(words, "flags", 0);
    const char *mac = wordNamed(words, "mac");
    if (mac) bytesFromHex(mac, command.mac, 6);
    fillName(words, "name", command.name);
    fillName(words, "friendly", command.friendlyName);
    say(callDevice(device, FAKE_IOCTL_COMMAND, &command, sizeof command, &reply, sizeof reply, NULL), &reply);
}

int fillInjection(const struct Words *words, struct FakeInjection *injection, uint8_t *bytes, uint32_t limit) {
    const char *frame = wordNamed(words, "frame");
    int32_t count = frame ? bytesFromHex(frame, bytes, limit) : -1;
    if (count <= 0) return 0;
    memset(injection, 0, sizeof *injection);
    injection->place = placeOf(words);
    injection->byteCount = (uint32_t)count;
    injection->checksum = numberNamed(words, "checksum", 0);
    injection->segmentSize = numberNamed(words, "segment", 0);
    injection->tcpOffset = numberNamed(words, "tcp", 0);
    injection->vlan = numberNamed(words, "vlan", 0);
    injection->pieces = numberNamed(words, "pieces", 1);
    injection->firstPiece = numberNamed(words, "first", 0);
    injection->headroom = numberNamed(words, "headroom", 0);
    injection->buffers = numberNamed(words, "buffers", 1);
    injection->lists = numberNamed(words, "lists", 1);
    injection->flags = numberNamed(words, "flags", 0);
    injection->scribbleAt = numberNamed(words, "at", 0);
    injection->scribbleValue = numberNamed(words, "to", 0);
    injection->safeByteCount = numberNamed(words, "safe", 0);
    return 1;
}

static void inject(HANDLE device, const struct Words *words) {
    static struct {
        struct FakeInjection injection;
        uint8_t bytes[FRAME_LIMIT];
    } call;
    struct FakeReply reply = {0, 0};
    if (!fillInjection(words, &call.injection, call.bytes, FRAME_LIMIT)) {
        printf("error no frame\n");
        return;
    }
    uint32_t size = sizeof call.injection + call.injection.byteCount;
    say(callDevice(device, FAKE_IOCTL_INJECT, &call, size, &reply, sizeof reply, NULL), &reply);
}

// Answers `ok N` and, in the same line, for each frame its metadata and bytes.
static void collect(HANDLE device, const struct Words *words) {
    static uint8_t bytes[4 * FRAME_LIMIT];
    struct FakePlace place = placeOf(words);
    uint32_t got = 0, at = 0, frames = 0;
    int error = callDevice(device, FAKE_IOCTL_COLLECT, &place, sizeof place, bytes, sizeof bytes, &got);
    if (error) {
        printf("error the device answered %d\n", error);
        return;
    }
    printf("ok");
    while (at + sizeof(struct FakeFrame) <= got) {
        struct FakeFrame *frame = (struct FakeFrame *)(bytes + at);
        printf(" %u,%u,%u,%u,%u,%u,%u,", (unsigned)frame->sourcePort, (unsigned)frame->sourceNIC, (unsigned)frame->checksum,
               (unsigned)frame->segmentSize, (unsigned)frame->tcpOffset, (unsigned)frame->vlan, (unsigned)frame->flags);
        at += sizeof *frame;
        printHex(bytes + at, frame->byteCount);
        at += (frame->byteCount + 7) & ~7u;
        frames++;
    }
    printf("\n");
}

static void counters(HANDLE device) {
    struct FakeCounters c;
    int error = callDevice(device, FAKE_IOCTL_COUNTERS, NULL, 0, &c, sizeof c, NULL);
    if (error) {
        printf("error the device answered %d\n", error);
        return;
    }
#define SAY(name) printf(" " #name "=%llu", (unsigned long long)c.name)
    printf("ok");
    SAY(injected); SAY(returned); SAY(sent); SAY(delivered); SAY(overflowed); SAY(filtered); SAY(destinationLess);
    SAY(trustedSource); SAY(completions); SAY(oids); SAY(queries); SAY(liveClones); SAY(livePools); SAY(liveLists);
    SAY(liveBuffers); SAY(liveMdls); SAY(liveContexts); SAY(liveMemory); SAY(liveReferences); SAY(liveLocks); SAY(modules);
    SAY(complaints); SAY(turns); SAY(cancels);
    printf("\n");
#undef SAY
}

// Lines of text become one line, with `|` between.
static void lines(HANDLE device, uint32_t code) {
    static char text[0x10000];
    uint32_t got = 0;
    int error = callDevice(device, code, NULL, 0, text, sizeof text, &got);
    if (error) {
        printf("error the device answered %d\n", error);
        return;
    }
    for (uint32_t index = 0; index < got; index++)
        if (text[index] == '\n') text[index] = '|';
    printf("ok %.*s\n", (int)got, text);
}

static void bridge(const struct Words *words) {
    struct FakePlace place = placeOf(words);
    int error = startBridge(&place, (uint16_t)numberNamed(words, "local", 0), (uint16_t)numberNamed(words, "remote", 0));
    if (error)
        printf("error the bridge does not start: %d\n", error);
    else
        printf("ok\n");
}

void runCommand(HANDLE device, const struct Words *words) {
    const char *name = words->word[0];
    for (size_t index = 0; index < sizeof operations / sizeof operations[0]; index++)
        if (!strcmp(name, operations[index].name)) {
            command(device, operations[index].operation, words);
            return;
        }
    if (!strcmp(name, "inject")) inject(device, words);
    else if (!strcmp(name, "collect")) collect(device, words);
    else if (!strcmp(name, "counters")) counters(device);
    else if (!strcmp(name, "complaints")) lines(device, FAKE_IOCTL_COMPLAINTS);
    else if (!strcmp(name, "filtered")) lines(device, FAKE_IOCTL_FILTERED);
    else if (!strcmp(name, "bridge")) bridge(words);
    else if (!strcmp(name, "open")) openNamed(words);
    else if (!strcmp(name, "close")) closeNamed(words);
    else if (!strcmp(name, "control")) controlNamed(words);
    else if (!strcmp(name, "begin")) beginNamed(words);
    else if (!strcmp(name, "ended")) endedNamed(words);
    else if (!strcmp(name, "cancel")) cancelNamed(words);
    else if (!strcmp(name, "race")) raceNamed(words);
    else printf("error no command %s\n", name);
}

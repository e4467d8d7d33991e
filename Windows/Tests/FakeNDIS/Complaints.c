// What the driver under test did wrong, and what it reported as filtered, kept as text until somebody asks.
#include "Fake.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_LIMIT 0x8000

struct Text {
    char text[TEXT_LIMIT];
    ULONG count;
};

static struct Text complaints, filtered;

static void append(struct Text *text, const char *line) {
    fakeLock();
    for (; *line && text->count + 2 < TEXT_LIMIT; line++) text->text[text->count++] = *line;
    text->text[text->count++] = '\n';
    if (text->count > TEXT_LIMIT - 2) text->count = TEXT_LIMIT - 2;
    fakeUnlock();
}

static ULONG takeText(struct Text *text, char *out, ULONG limit) {
    fakeLock();
    ULONG count = text->count < limit ? text->count : limit;
    fakeCopy(out, text->text, count);
    text->count = 0;
    fakeUnlock();
    return count;
}

void complain(const char *format, ...) {
    char line[400];
    va_list arguments;
    va_start(arguments, format);
    _vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    line[sizeof line - 1] = 0;
    InterlockedIncrement64((LONG64 *)&fake.counters.complaints);
    append(&complaints, line);
    DbgPrint("FakeNDIS complains: %s\n", line);
}

// What a test has provoked is not held against the driver at the end.
ULONG forgive(void) {
    complaints.count = 0;
    return (ULONG)InterlockedExchange64((LONG64 *)&fake.counters.complaints, 0);
}

ULONG takeComplaints(char *text, ULONG limit) { return takeText(&complaints, text, limit); }

void noteFiltered(ULONG switchNumber, ULONG port, BOOLEAN incoming, ULONG count, PUNICODE_STRING reason) {
    char line[300], words[200];
    ULONG length = 0;
    if (reason && reason->Buffer)
        for (; length < reason->Length / 2u && length < sizeof words - 1; length++)
            words[length] = reason->Buffer[length] < 0x80 ? (char)reason->Buffer[length] : '?';
    words[length] = 0;
    _snprintf(line, sizeof line - 1, "%u %u %s %u %s", (unsigned)switchNumber, (unsigned)port, incoming ? "in" : "out",
              (unsigned)count, words);
    line[sizeof line - 1] = 0;
    append(&filtered, line);
}

ULONG takeFiltered(char *text, ULONG limit) { return takeText(&filtered, text, limit); }

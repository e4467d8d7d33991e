// What: a Windows program that looks at what the programs under test offer, for test_programs*.py.
//
//   probe rights PIPE          prints owner and access list of a pipe
//   probe clients PIPE COUNT   has COUNT connections at a time, asks for an echo on each, prints how many answered
//   probe send PIPE TEXT       sends a text over a connection of its own, and goes without waiting for an answer
//   probe handles PID          prints how many handles a process has open
//   probe open FILE            whether the file can be opened for writing, and if not, the error
//   probe hide DEVICE          lets nobody open a device any more, as Windows does when its driver is to be unloaded

#include <windows.h>
#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winternl.h>

static int fail(const char *what) {
  printf("%s: error %lu\n", what, GetLastError());
  return 1;
}

static int rights(const char *name) {
  PSECURITY_DESCRIPTOR descriptor;
  char *text;
  SECURITY_INFORMATION parts = DACL_SECURITY_INFORMATION;
  HANDLE pipe = CreateFileA(name, READ_CONTROL | GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
  if (pipe == INVALID_HANDLE_VALUE) return fail("open");
  if (GetSecurityInfo(pipe, SE_KERNEL_OBJECT, parts, NULL, NULL, NULL, NULL, &descriptor) != 0) return fail("get");
  if (!ConvertSecurityDescriptorToStringSecurityDescriptorA(descriptor, SDDL_REVISION_1, parts, &text, NULL)) {
    return fail("convert");
  }
  printf("%s\n", text);
  return 0;
}

static HANDLE connectTo(const char *name) {
  for (int attempt = 0; attempt < 100; attempt++) {
    HANDLE pipe = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (pipe != INVALID_HANDLE_VALUE || GetLastError() != ERROR_PIPE_BUSY) return pipe;
    WaitNamedPipeA(name, 1000);
  }
  return INVALID_HANDLE_VALUE;
}

/// Reads until the answer is whole: its braces balance.
static int reads(HANDLE pipe, const char *wanted) {
  char text[512];
  DWORD length = 0, count;
  while (length < sizeof text - 1) {
    if (!ReadFile(pipe, text + length, (DWORD)(sizeof text - 1 - length), &count, NULL) || count == 0) return 0;
    length += count;
    text[length] = 0;
    if (strchr(text, '}') != NULL) return strstr(text, wanted) != NULL;
  }
  return 0;
}

static int clients(const char *name, int wanted) {
  HANDLE *pipes = calloc((size_t)wanted, sizeof *pipes);
  int answered = 0;
  for (int index = 0; index < wanted; index++) {
    pipes[index] = connectTo(name);
    if (pipes[index] == INVALID_HANDLE_VALUE) return fail("connect");
  }
  for (int index = 0; index < wanted; index++) {
    char request[128];
    DWORD count;
    sprintf(request, "{\"method\":\"echo\",\"params\":[\"client %d\"],\"id\":%d}", index, index);
    if (!WriteFile(pipes[index], request, (DWORD)strlen(request), &count, NULL)) return fail("write");
  }
  for (int index = wanted - 1; index >= 0; index--) {
    char answer[64];
    sprintf(answer, "\"client %d\"", index);
    answered += reads(pipes[index], answer);
  }
  printf("%d\n", answered);
  return 0;
}

static int sendText(const char *name, const char *text) {
  DWORD count;
  HANDLE pipe = connectTo(name);
  if (pipe == INVALID_HANDLE_VALUE) return fail("connect");
  return WriteFile(pipe, text, (DWORD)strlen(text), &count, NULL) ? 0 : fail("write");
}

/// What `NtQuerySystemInformation` tells of handles (16, SystemHandleInformation).
struct Handles {
  ULONG count;
  struct {
    ULONG owner;
    UCHAR kind, flags;
    USHORT value;
    void *object;
    ULONG access;
  } entries[];
};

static int handles(DWORD identifier) {
  ULONG size = 16 << 20, open = 0;
  struct Handles *all = malloc(size);
  if (NtQuerySystemInformation(16, all, size, NULL) != 0) return fail("query");
  for (ULONG index = 0; index < all->count; index++) open += all->entries[index].owner == identifier;
  printf("%lu\n", open);
  return 0;
}

NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE object);
NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE link, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes);

/// Windows marks the device; here its name goes, which is all that whoever opens it can tell.
static int hide(const char *device) {
  wchar_t path[64];
  UNICODE_STRING name;
  OBJECT_ATTRIBUTES attributes;
  HANDLE link;
  swprintf(path, sizeof path / sizeof path[0], L"\\??\\%hs", device);
  RtlInitUnicodeString(&name, path);
  InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
  NTSTATUS status = NtOpenSymbolicLinkObject(&link, DELETE, &attributes);
  if (status == 0) status = NtMakeTemporaryObject(link);
  if (status != 0) printf("status %08lx\n", (unsigned long)status);
  return status != 0;
}

int main(int count, char **words) {
  if (count == 3 && strcmp(words[1], "rights") == 0) return rights(words[2]);
  if (count == 4 && strcmp(words[1], "clients") == 0) return clients(words[2], atoi(words[3]));
  if (count == 4 && strcmp(words[1], "send") == 0) return sendText(words[2], words[3]);
  if (count == 3 && strcmp(words[1], "handles") == 0) return handles((DWORD)atoi(words[2]));
  if (count == 3 && strcmp(words[1], "hide") == 0) return hide(words[2]);
  if (count == 3 && strcmp(words[1], "open") == 0) {
    HANDLE file = CreateFileA(words[2], GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) return fail("open");
    printf("open\n");
    return 0;
  }
  fprintf(stderr, "probe: bad command line\n");
  return 2;
}

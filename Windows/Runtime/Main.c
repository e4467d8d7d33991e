// What: where a program starts: it notes its command line and runs Swift's entry point, on this thread or, as a
// service, on the one that the service manager makes.

#include "Program.h"

#include <stdio.h>
#include <stdlib.h>

// Words with * or ? are for the programs themselves, not to be replaced by names of files.
int _dowildcard = 0;

static int argumentCount;
static wchar_t **arguments;

int32_t apus_argument_count(void) { return argumentCount; }

const wchar_t *apus_argument(int32_t index) {
  return index >= 0 && index < argumentCount ? arguments[index] : L"";
}

void apus_exit(int32_t status) {
  apus_service_ended(status);
  ExitProcess((UINT)status);
}

static int asksForService(void) {
  for (int index = 1; index < argumentCount; index++) {
    if (wcscmp(arguments[index], L"--") == 0) return 0;
    if (wcscmp(arguments[index], L"--service") == 0) return 1;
  }
  return 0;
}

int wmain(int count, wchar_t **words) {
  argumentCount = count;
  arguments = words;
  // No dialogue may stop a daemon that nobody looks at.
  SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX);
  if (!asksForService()) {
    apus_exit(apus_program(0, NULL));
    return 0;
  }
  uint32_t error = apus_service_run();
  if (error == 0) return 0;
  if (error == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
    fprintf(stderr, "%ls: --service is for the service manager to use; see sc create and net start\n", words[0]);
  } else {
    fprintf(stderr, "%ls: cannot run as a service (error %u)\n", words[0], (unsigned)error);
  }
  return 1;
}

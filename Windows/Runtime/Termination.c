// What: requests to end, from the console or the service manager, on their way to the event loop.
//
// How: handlers run on threads of the system's, so all that they share with the loop is one number and the port that
// wakes the loop. A request that comes before the loop is there waits for it.

#include "Program.h"

static volatile LONG requested;
static void *volatile completionPort;

void apus_termination_request(int32_t kind) {
  InterlockedExchange(&requested, kind);
  HANDLE port = completionPort;
  if (port != NULL) PostQueuedCompletionStatus(port, 0, 0, NULL);
}

int32_t apus_termination_is_pending(void) { return requested != 0; }

int32_t apus_termination_take(void) { return InterlockedExchange(&requested, 0); }

static BOOL WINAPI onConsoleEvent(DWORD event) {
  switch (event) {
  case CTRL_C_EVENT:
  case CTRL_BREAK_EVENT:
    apus_termination_request(2);
    return TRUE;
  case CTRL_LOGOFF_EVENT:
    // Whoever logs off is not whom a service serves.
    return apus_service_is_running();
  default:
    apus_termination_request(15);
    // The system ends the program as soon as this returns; the program itself does so earlier if it can.
    Sleep(INFINITE);
    return TRUE;
  }
}

uint32_t apus_termination_open(uintptr_t port) {
  InterlockedExchangePointer((void *volatile *)&completionPort, (void *)port);
  if (!SetConsoleCtrlHandler(onConsoleEvent, TRUE)) return GetLastError();
  if (requested != 0) PostQueuedCompletionStatus((HANDLE)port, 0, 0, NULL);
  return 0;
}

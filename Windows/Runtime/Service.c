// What: a program as a Windows service.
//
// How: the main thread waits in the dispatcher; the service manager has Swift's entry point run on a thread of its
// own. A request to stop takes the way of every request to end (Termination.c), so that the program ends as it does
// on control-C: sockets closed, files flushed, then `apus_service_ended`.

#include "Program.h"

// How long the service manager waits for a next word before it takes the service for hung, in milliseconds.
#define PATIENCE_MILLISECONDS 30000
// After how many seconds without failure the first failure counts as the first again.
#define FAILURE_RESET_SECONDS 10
#define RESTART_DELAY_MILLISECONDS 1

static wchar_t serviceName[257];
static SERVICE_STATUS_HANDLE statusHandle;
static SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS, .dwCurrentState = SERVICE_START_PENDING};
// The manager's requests come on a thread of its own.
static SRWLOCK lock = SRWLOCK_INIT;

static void announce(DWORD state) {
  int isPending = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
  status.dwCurrentState = state;
  status.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN : 0;
  status.dwCheckPoint = isPending ? status.dwCheckPoint + 1 : 0;
  status.dwWaitHint = isPending ? PATIENCE_MILLISECONDS : 0;
  SetServiceStatus(statusHandle, &status);
}

/// Tells the service manager a new state, unless the service has gone past it.
static void report(DWORD state) {
  if (statusHandle == NULL) return;
  AcquireSRWLockExclusive(&lock);
  int isPast = status.dwCurrentState == SERVICE_STOPPED ||
               (status.dwCurrentState == SERVICE_STOP_PENDING && state == SERVICE_RUNNING);
  if (!isPast) announce(state);
  ReleaseSRWLockExclusive(&lock);
}

static DWORD WINAPI control(DWORD request, DWORD kind, void *data, void *context) {
  (void)kind, (void)data, (void)context;
  switch (request) {
  case SERVICE_CONTROL_STOP:
  case SERVICE_CONTROL_SHUTDOWN:
    report(SERVICE_STOP_PENDING);
    apus_termination_request(15);
    return NO_ERROR;
  case SERVICE_CONTROL_INTERROGATE:
    return NO_ERROR;
  default:
    return ERROR_CALL_NOT_IMPLEMENTED;
  }
}

static void WINAPI run(DWORD count, wchar_t **words) {
  if (count > 0) lstrcpynW(serviceName, words[0], 257);
  statusHandle = RegisterServiceCtrlHandlerExW(serviceName, control, NULL);
  report(SERVICE_START_PENDING);
  apus_service_ended(apus_program(0, NULL));
}

uint32_t apus_service_run(void) {
  static wchar_t anyName[] = L"";
  SERVICE_TABLE_ENTRYW table[] = {{anyName, run}, {NULL, NULL}};
  return StartServiceCtrlDispatcherW(table) ? 0 : GetLastError();
}

int32_t apus_service_is_running(void) { return statusHandle != NULL; }

void apus_service_ready(void) {
  if (status.dwCurrentState != SERVICE_RUNNING) report(SERVICE_RUNNING);
}

void apus_service_ended(int32_t code) {
  if (status.dwCurrentState == SERVICE_STOPPED) return;
  status.dwWin32ExitCode = code == 0 ? NO_ERROR : ERROR_SERVICE_SPECIFIC_ERROR;
  status.dwServiceSpecificExitCode = (DWORD)code;
  report(SERVICE_STOPPED);
}

uint32_t apus_service_restart_on_failure(void) {
  SC_ACTION actions[] = {
      {SC_ACTION_RESTART, RESTART_DELAY_MILLISECONDS},
      {SC_ACTION_RESTART, RESTART_DELAY_MILLISECONDS},
      {SC_ACTION_NONE, 0},
  };
  SERVICE_FAILURE_ACTIONSW failure = {.dwResetPeriod = FAILURE_RESET_SECONDS, .cActions = 3, .lpsaActions = actions};
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  if (manager == NULL) return GetLastError();
  // Whoever lets the manager restart a service needs the right to start it.
  SC_HANDLE service = OpenServiceW(manager, serviceName, SERVICE_CHANGE_CONFIG | SERVICE_START);
  uint32_t error = 0;
  if (service == NULL || !ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failure)) {
    error = GetLastError();
  }
  if (service != NULL) CloseServiceHandle(service);
  CloseServiceHandle(manager);
  return error;
}

// The two services: what Windows does when one fails, and an end to both that does not depend on their good will.

#include "setup.h"

#include <psapi.h>
#include <wchar.h>

enum {
  maximumProcessCount = 4096,
  // Counting of failures starts anew after a day without one.
  countResetSeconds = 86400,
  stopLimitMilliseconds = 30000,
  stopPollMilliseconds = 100,
};

// In the order in which they are stopped.
static const wchar_t *const services[] = {L"ovs-vswitchd", L"ovsdb-server"};
enum { serviceCount = sizeof services / sizeof services[0] };

// Calls a function for each service that exists; whether all of them returned true.
static int forEachService(DWORD access, bool (*function)(SC_HANDLE service, const wchar_t *name)) {
  bool done = true;
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  if (manager == NULL) {
    say("the service manager cannot be reached: error %lu", GetLastError());
    return setupFailed;
  }
  for (int i = 0; i < serviceCount; i += 1) {
    SC_HANDLE service = OpenServiceW(manager, services[i], access);
    if (service != NULL) {
      done = function(service, services[i]) && done;
      CloseServiceHandle(service);
    } else if (GetLastError() != ERROR_SERVICE_DOES_NOT_EXIST) {
      say("service %ls cannot be opened: error %lu", services[i], GetLastError());
      done = false;
    }
  }
  CloseServiceHandle(manager);
  return done ? setupDone : setupFailed;
}

static bool setRecoveryOf(SC_HANDLE service, const wchar_t *name) {
  // The first failures are most likely passing ones; after that, not too often.
  SC_ACTION actions[] = {{SC_ACTION_RESTART, 1000}, {SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 60000}};
  SERVICE_FAILURE_ACTIONSW failure = {
      .dwResetPeriod = countResetSeconds, .cActions = sizeof actions / sizeof actions[0], .lpsaActions = actions};
  // Also when the service ends by itself with an error, not only when it crashes.
  SERVICE_FAILURE_ACTIONS_FLAG always = {TRUE};
  if (ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failure) &&
      ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &always)) {
    say("service %ls is restarted after a failure", name);
    return true;
  }
  say("what to do after a failure of service %ls could not be set: error %lu", name, GetLastError());
  return false;
}

int setRecovery(void) { return forEachService(SERVICE_CHANGE_CONFIG | SERVICE_START, setRecoveryOf); }

// A service that hangs would keep its program's file, and with it the whole installation, from going on.
static bool endProcess(DWORD identifier, const wchar_t *name) {
  HANDLE process = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, identifier);
  bool ended = process != NULL && TerminateProcess(process, 1) && WaitForSingleObject(process, stopLimitMilliseconds) == WAIT_OBJECT_0;
  if (process != NULL) CloseHandle(process);
  say("service %ls did not stop within %d s; its process was %s", name, stopLimitMilliseconds / 1000, ended ? "ended" : "not to be ended");
  return ended;
}

static bool stop(SC_HANDLE service, const wchar_t *name) {
  SERVICE_STATUS_PROCESS status;
  SERVICE_STATUS ignored;
  DWORD length;
  ULONGLONG deadline = GetTickCount64() + stopLimitMilliseconds;
  ControlService(service, SERVICE_CONTROL_STOP, &ignored);
  while (QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&status, sizeof status, &length)) {
    if (status.dwCurrentState == SERVICE_STOPPED) return true;
    if (GetTickCount64() >= deadline) return endProcess(status.dwProcessId, name);
    Sleep(stopPollMilliseconds);
  }
  say("the state of service %ls cannot be read: error %lu", name, GetLastError());
  return false;
}

static bool isRunning(SC_HANDLE service) {
  SERVICE_STATUS status;
  return QueryServiceStatus(service, &status) && status.dwCurrentState != SERVICE_STOPPED && status.dwCurrentState != SERVICE_STOP_PENDING;
}

static bool start(SC_HANDLE service, const wchar_t *name) {
  if (StartServiceW(service, 0, NULL) || GetLastError() == ERROR_SERVICE_ALREADY_RUNNING) return true;
  say("service %ls could not be started: error %lu", name, GetLastError());
  return false;
}

// Calls a function for the switch daemon, if there is one.
static bool withSwitchDaemon(bool (*function)(SC_HANDLE service, const wchar_t *name)) {
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  SC_HANDLE service = manager == NULL ? NULL : OpenServiceW(manager, services[0], SERVICE_START | SERVICE_STOP | SERVICE_QUERY_STATUS);
  bool result = service != NULL && function(service, services[0]);
  if (service != NULL) CloseServiceHandle(service);
  if (manager != NULL) CloseServiceHandle(manager);
  return result;
}

static bool stopIfRunning(SC_HANDLE service, const wchar_t *name) { return isRunning(service) && stop(service, name); }

bool stopSwitchDaemon(void) { return withSwitchDaemon(stopIfRunning); }

void startSwitchDaemon(void) { withSwitchDaemon(start); }

// Either starts the database server for the switch daemon, or has to be started first: so in the other order than they are stopped.
int startServices(void) {
  int result = setupDone;
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  for (int i = serviceCount - 1; manager != NULL && i >= 0; i -= 1) {
    SC_HANDLE service = OpenServiceW(manager, services[i], SERVICE_START);
    if (service == NULL) continue;
    if (!start(service, services[i])) result = setupFailed;
    CloseServiceHandle(service);
  }
  if (manager != NULL) CloseServiceHandle(manager);
  return result;
}

// A tool that still runs, as one that watches something or waits, keeps its file: Windows Installer would replace that when Windows
// is restarted, and until then programs of two versions would meet.
static void endTools(const Places *places) {
  static DWORD identifiers[maximumProcessCount];
  wchar_t image[maximumPathCharacters];
  size_t length = wcslen(places->programs);
  DWORD bytes = 0;
  if (!EnumProcesses(identifiers, sizeof identifiers, &bytes)) return;
  for (DWORD i = 0; i < bytes / sizeof identifiers[0]; i += 1) {
    if (identifiers[i] == GetCurrentProcessId()) continue;
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_TERMINATE | SYNCHRONIZE, FALSE, identifiers[i]);
    DWORD characters = maximumPathCharacters;
    if (process == NULL) continue;
    if (QueryFullProcessImageNameW(process, 0, image, &characters) && _wcsnicmp(image, places->programs, length) == 0 && image[length] == L'\\') {
      bool ended = TerminateProcess(process, 1) && WaitForSingleObject(process, stopLimitMilliseconds) == WAIT_OBJECT_0;
      say("%ls still ran; it was %s", image, ended ? "ended" : "not to be ended");
    }
    CloseHandle(process);
  }
}

int stopServices(const Places *places) {
  int result = forEachService(SERVICE_STOP | SERVICE_QUERY_STATUS, stop);
  endTools(places);
  return result;
}

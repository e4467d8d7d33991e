// What Windows does when a service fails.

#include "setup.h"

// Counting starts anew after a day without failure.
enum { countResetSeconds = 86400 };

static bool setRecoveryOf(SC_HANDLE manager, const wchar_t *name) {
  // The first failures are most likely passing ones; after that, not too often.
  SC_ACTION actions[] = {{SC_ACTION_RESTART, 1000}, {SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 60000}};
  SERVICE_FAILURE_ACTIONSW failure = {
      .dwResetPeriod = countResetSeconds, .cActions = sizeof actions / sizeof actions[0], .lpsaActions = actions};
  // Also when the service ends by itself with an error, not only when it crashes.
  SERVICE_FAILURE_ACTIONS_FLAG always = {TRUE};
  SC_HANDLE service = OpenServiceW(manager, name, SERVICE_CHANGE_CONFIG | SERVICE_START);
  if (service == NULL) {
    say("service %ls cannot be opened: error %lu", name, GetLastError());
    return false;
  }
  bool done = ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failure) &&
              ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &always);
  if (done) {
    say("service %ls is restarted after a failure", name);
  } else {
    say("what to do after a failure of service %ls could not be set: error %lu", name, GetLastError());
  }
  CloseServiceHandle(service);
  return done;
}

int setRecovery(void) {
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  if (manager == NULL) {
    say("the service manager cannot be reached: error %lu", GetLastError());
    return setupFailed;
  }
  bool server = setRecoveryOf(manager, L"ovsdb-server");
  bool daemon = setRecoveryOf(manager, L"ovs-vswitchd");
  CloseServiceHandle(manager);
  return server && daemon ? setupDone : setupFailed;
}

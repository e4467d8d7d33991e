// The steps by their names.

#include "setup.h"

#include <stdio.h>
#include <wchar.h>

static const char usage[] =
    "ovs-setup: steps of the installer of Open vSwitch\n"
    "usage: ovs-setup STEP, as an administrator\n"
    "\n"
    "  prepare         make the data folder for administrators only, and in it conf.db:\n"
    "                  created if there is none, converted if its schema is an older one\n"
    "  recovery        have Windows restart ovsdb-server and ovs-vswitchd after a failure\n"
    "  stop            stop both services, whether they want to or not\n"
    "  install-driver  add the extension to Hyper-V's virtual switches, or replace it\n"
    "  remove-driver   disable the extension on every virtual switch and remove it\n"
    "\n"
    "What was done is in %ProgramData%\\openvswitch\\logs\\setup.log.\n";

int wmain(int count, wchar_t **arguments) {
  static Places places;
  if (count != 2) {
    fputs(usage, stderr);
    return setupMisused;
  }
  if (!findPlaces(&places)) return setupFailed;
  openLog(&places);
  const wchar_t *step = arguments[1];
  if (wcscmp(step, L"prepare") == 0) return prepareData(&places);
  if (wcscmp(step, L"recovery") == 0) return setRecovery();
  if (wcscmp(step, L"stop") == 0) return stopServices();
  if (wcscmp(step, L"install-driver") == 0) return installDriver(&places);
  if (wcscmp(step, L"remove-driver") == 0) return removeDriver(&places);
  fputs(usage, stderr);
  return setupMisused;
}

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
    "  stop            stop both services, and tools that still run, whether they want to or not\n"
    "  start           start both services\n"
    "  install-driver  add the extension to Hyper-V's virtual switches, or replace it\n"
    "  remove-driver   disable the extension on every virtual switch and remove it\n"
    "  check           say what is installed and whether it runs; exit code 1 if something is not as it should be\n"
    "  collect FOLDER  write logs, the database and what the tools show into a new folder, to look into a failure\n"
    "  purge           remove the data folder with the database\n"
    "\n"
    "What was done is in %ProgramData%\\openvswitch\\logs\\setup.log.\n";

int wmain(int count, wchar_t **arguments) {
  static Places places;
  const wchar_t *step = count > 1 ? arguments[1] : L"";
  bool collects = wcscmp(step, L"collect") == 0;
  if (count != (collects ? 3 : 2)) {
    fputs(usage, stderr);
    return setupMisused;
  }
  if (!findPlaces(&places)) return setupFailed;
  // These two change nothing, and purge leaves nothing.
  if (wcscmp(step, L"check") == 0) return check(&places);
  if (collects) return collect(&places, arguments[2]);
  if (wcscmp(step, L"purge") == 0) return purge(&places);
  openLog(&places);
  if (wcscmp(step, L"prepare") == 0) return prepareData(&places);
  if (wcscmp(step, L"recovery") == 0) return setRecovery();
  if (wcscmp(step, L"stop") == 0) return stopServices(&places);
  if (wcscmp(step, L"start") == 0) return startServices();
  if (wcscmp(step, L"install-driver") == 0) return installDriver(&places);
  if (wcscmp(step, L"remove-driver") == 0) return removeDriver(&places);
  fputs(usage, stderr);
  return setupMisused;
}

// The one action of the installer that is no program: only a function can tell the installer that Windows has to be restarted,
// so that it ends with exit code 3010.

#include "../setup.h"

#include <msi.h>
#include <msiquery.h>

__declspec(dllexport) UINT __stdcall ScheduleRestart(MSIHANDLE installation) {
  HKEY key;
  if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, restartKey, 0, KEY_READ | KEY_WOW64_64KEY, &key) != ERROR_SUCCESS) return ERROR_SUCCESS;
  RegCloseKey(key);
  MsiSetMode(installation, MSIRUNMODE_REBOOTATEND, TRUE);
  return ERROR_SUCCESS;
}

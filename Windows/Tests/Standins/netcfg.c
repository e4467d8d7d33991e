// Stands in for Windows' netcfg.exe, which Wine has not: it has the INF followed, starts the driver, and leaves the trace of an
// installed component; or undoes that. It writes its command lines to C:\netcfg.txt, and fails as often as
// C:\netcfg-locked.txt has characters, as if another program held the lock of the network's configuration. If there is a
// C:\netcfg-fails.txt it does nothing and fails; if there is a C:\netcfg-restart.txt it says that Windows has to be restarted.

#include <stdio.h>
#include <string.h>
#include <windows.h>

#include <setupapi.h>

static const char component[] =
    "SYSTEM\\CurrentControlSet\\Control\\Network\\{4D36E974-E325-11CE-BFC1-08002BE10318}\\{BEF579F1-F307-4D5E-AAF5-99A667FB847C}";
static const char kept[] = "C:\\windows\\INF\\oem7.inf";
static const char driver[] = "C:\\windows\\system32\\drivers\\openvswitch.sys";

static int isLocked(void) {
  char left[16] = "";
  FILE *file = fopen("C:\\netcfg-locked.txt", "r");
  if (file == NULL) return 0;
  int count = fgets(left, sizeof left, file) == NULL ? 0 : (int)strlen(left);
  fclose(file);
  if (count == 0) return 0;
  file = fopen("C:\\netcfg-locked.txt", "w");
  fwrite(left, 1, (size_t)count - 1, file);
  fclose(file);
  return 1;
}

static int exists(const char *path) { return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES; }

static SC_HANDLE openDriver(void) {
  return OpenServiceA(OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT), "OVSExt", SERVICE_ALL_ACCESS);
}

static int install(const char *information) {
  char command[1024];
  HKEY key;
  if (!CopyFileA(information, kept, FALSE)) return 2;
  // Without asking (128), files from the INF's own folder (4).
  snprintf(command, sizeof command, "InstallInSystem 132 %s", information);
  InstallHinfSectionA(NULL, NULL, command, 0);
  if (RegCreateKeyExA(HKEY_LOCAL_MACHINE, component, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL) != ERROR_SUCCESS) return 3;
  return StartServiceA(openDriver(), 0, NULL) ? 0 : (int)GetLastError();
}

static int removeAgain(void) {
  SERVICE_STATUS status;
  SC_HANDLE service = openDriver();
  if (!ControlService(service, SERVICE_CONTROL_STOP, &status)) return (int)GetLastError();
  for (int i = 0; i < 100 && QueryServiceStatus(service, &status) && status.dwCurrentState != SERVICE_STOPPED; i += 1) Sleep(100);
  if (!DeleteService(service) || !DeleteFileA(driver)) return (int)GetLastError();
  return RegDeleteKeyA(HKEY_LOCAL_MACHINE, component);
}

int main(int count, char **arguments) {
  FILE *log = fopen("C:\\netcfg.txt", "a");
  for (int i = 1; i < count; i += 1) fprintf(log, i > 1 ? " %s" : "%s", arguments[i]);
  fputc('\n', log);
  fclose(log);
  if (isLocked()) return (int)0x8004A024;
  int result = 1;
  if (exists("C:\\netcfg-fails.txt")) return 5;
  if (count == 7 && strcmp(arguments[1], "-l") == 0) result = install(arguments[2]);
  if (count == 3 && strcmp(arguments[1], "-u") == 0) result = removeAgain();
  return result == 0 && exists("C:\\netcfg-restart.txt") ? 0x4A020 : result;
}

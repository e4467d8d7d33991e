// What there is to know of this host: a verdict for scripts, and everything in a folder for people.

#include "setup.h"

#include <stdio.h>
#include <wchar.h>

enum {
  programLimitMilliseconds = 30000,
  pollMilliseconds = 20,
};

// The verdict

static bool wrong;

// A line that tells of something good, or of something that makes the verdict a bad one.
static void tell(bool good, const char *what, const char *state) {
  printf("%-4s %s: %s\n", good ? "ok" : "bad", what, state);
  if (!good) wrong = true;
}

static bool isPart(const Places *places, const wchar_t *file) {
  wchar_t path[maximumPathCharacters];
  join(path, places->product, file);
  return exists(path);
}

static void checkService(const wchar_t *name) {
  static const char *const states[] = {"unknown", "stopped", "starting", "stopping", "running", "continuing", "pausing", "paused"};
  SERVICE_STATUS status = {0};
  char what[64];
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  SC_HANDLE service = manager == NULL ? NULL : OpenServiceW(manager, name, SERVICE_QUERY_STATUS);
  snprintf(what, sizeof what, "service %ls", name);
  if (service == NULL || !QueryServiceStatus(service, &status)) {
    tell(false, what, "there is none");
  } else {
    tell(status.dwCurrentState == SERVICE_RUNNING, what, states[status.dwCurrentState < 8 ? status.dwCurrentState : 0]);
  }
  if (service != NULL) CloseServiceHandle(service);
  if (manager != NULL) CloseServiceHandle(manager);
}

static bool needsRestart(void) {
  HKEY key;
  if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, restartKey, 0, KEY_READ, &key) != ERROR_SUCCESS) return false;
  RegCloseKey(key);
  return true;
}

int check(const Places *places) {
  static const char *const drivers[] = {"not installed", "another one than the package's", "that of the package"};
  wchar_t database[maximumPathCharacters];
  if (isPart(places, L"driver\\openvswitch.sys")) {
    tell(hasHyperV(), "Hyper-V", hasHyperV() ? "installed" : "not installed");
    DriverState state = driverState(places);
    tell(state == driverCurrent, "driver", drivers[state]);
  }
  if (isPart(places, L"bin\\ovs-vswitchd.exe")) {
    checkService(L"ovsdb-server");
    checkService(L"ovs-vswitchd");
    join(database, places->data, L"conf.db");
    tell(exists(database), "database", exists(database) ? "there" : "there is none");
  }
  if (needsRestart()) tell(false, "Windows", "has to be restarted before the driver takes effect");
  return wrong ? setupFailed : setupDone;
}

// Everything in a folder

// A file, the program whose output it takes (below bin; of Windows, with a \ before it), and its arguments.
static const wchar_t questions[][3][160] = {
    {L"check.txt", L"ovs-setup.exe", L"check"},
    {L"database.txt", L"ovsdb-client.exe", L"--timeout=20 dump"},
    {L"show.txt", L"ovs-vsctl.exe", L"--timeout=20 --retry show"},
    {L"version.txt", L"ovs-appctl.exe", L"--timeout=20 -t ovs-vswitchd version"},
    {L"datapath.txt", L"ovs-appctl.exe", L"--timeout=20 -t ovs-vswitchd dpif/show"},
    {L"coverage.txt", L"ovs-appctl.exe", L"--timeout=20 -t ovs-vswitchd coverage/show"},
    {L"memory.txt", L"ovs-appctl.exe", L"--timeout=20 -t ovs-vswitchd memory/show"},
    {L"upcalls.txt", L"ovs-appctl.exe", L"--timeout=20 -t ovs-vswitchd upcall/show"},
    {L"routes.txt", L"ovs-appctl.exe", L"--timeout=20 -t ovs-vswitchd ovs/route/show"},
    {L"neighbours.txt", L"ovs-appctl.exe", L"--timeout=20 -t ovs-vswitchd tnl/arp/show"},
    {L"driver.txt", L"ovs-dpctl.exe", L"--timeout=20 -s show"},
    {L"driver-flows.txt", L"ovs-dpctl.exe", L"--timeout=20 dump-flows"},
    {L"services.txt", L"\\sc.exe", L"query type= service state= all"},
    {L"components.txt", L"\\netcfg.exe", L"-s n"},
    {L"system.txt", L"\\systeminfo.exe", L""},
    {L"events.txt", L"\\wevtutil.exe", L"qe Application /c:1000 /rd:true /f:text /q:*[System[Provider[@Name='ovs-vswitchd' or @Name='ovsdb-server']]]"},
    {L"system-events.txt", L"\\wevtutil.exe", L"qe System /c:1000 /rd:true /f:text /q:*[System[(Level=1 or Level=2 or Level=3)]]"},
    {L"switches.txt", L"\\WindowsPowerShell\\v1.0\\powershell.exe",
     L"-NoProfile -NonInteractive -Command Get-VMSwitch | Format-List *; Get-VMSwitch | Get-VMSwitchExtension | Format-List *"},
    {L"adapters.txt", L"\\WindowsPowerShell\\v1.0\\powershell.exe",
     L"-NoProfile -NonInteractive -Command Get-NetAdapter | Format-List *; Get-VMNetworkAdapter -All | Format-List *"},
    {L"ports.txt", L"\\WindowsPowerShell\\v1.0\\powershell.exe", L"-NoProfile -NonInteractive -Command Get-VMNetworkAdapterOVSPort | Format-List *"},
};

// Runs a program with its output into a file; what it does not say in time is left out.
static bool ask(const Places *places, const wchar_t *folder, const wchar_t *const question[3]) {
  static wchar_t program[maximumPathCharacters], command[2 * maximumPathCharacters], path[maximumPathCharacters];
  SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
  bool isWindows = question[1][0] == L'\\';
  join(program, isWindows ? places->system : places->programs, question[1] + (isWindows ? 1 : 0));
  if (!exists(program)) return false;
  join(path, folder, question[0]);
  HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, &inherited, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
  if (file == INVALID_HANDLE_VALUE) return false;
  _snwprintf(command, 2 * maximumPathCharacters - 1, L"\"%ls\" %ls", program, question[2]);
  command[2 * maximumPathCharacters - 1] = 0;
  STARTUPINFOW start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES, .hStdOutput = file, .hStdError = file};
  PROCESS_INFORMATION process;
  BOOL started = CreateProcessW(program, command, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &start, &process);
  if (started) {
    if (WaitForSingleObject(process.hProcess, programLimitMilliseconds) != WAIT_OBJECT_0) TerminateProcess(process.hProcess, 1);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
  }
  CloseHandle(file);
  return started;
}

static void copyFiles(const wchar_t *from, const wchar_t *pattern, const wchar_t *folder) {
  wchar_t search[maximumPathCharacters], source[maximumPathCharacters], target[maximumPathCharacters];
  WIN32_FIND_DATAW entry;
  join(search, from, pattern);
  HANDLE found = FindFirstFileW(search, &entry);
  if (found == INVALID_HANDLE_VALUE) return;
  do {
    if (entry.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) continue;
    join(source, from, entry.cFileName);
    join(target, folder, entry.cFileName);
    if (!CopyFileW(source, target, FALSE)) printf("%ls could not be copied: error %lu\n", source, GetLastError());
  } while (FindNextFileW(found, &entry));
  FindClose(found);
}

int collect(const Places *places, const wchar_t *folder) {
  wchar_t windows[MAX_PATH];
  if (!CreateDirectoryW(folder, NULL)) {
    printf("%ls could not be made: error %lu. Name a folder that is not there yet, in one that is\n", folder, GetLastError());
    return setupFailed;
  }
  for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i += 1) {
    const wchar_t *question[3] = {questions[i][0], questions[i][1], questions[i][2]};
    printf("%ls%s\n", question[0], ask(places, folder, question) ? "" : ": left out, there is no such program here");
    fflush(stdout);
  }
  copyFiles(places->logs, L"*.log*", folder);
  copyFiles(places->data, L"conf.db*", folder);
  copyFiles(places->data, L"*.txt", folder);
  if (GetWindowsDirectoryW(windows, MAX_PATH) != 0) {
    // What Windows did with the INF.
    wchar_t information[maximumPathCharacters];
    join(information, windows, L"INF");
    copyFiles(information, L"setupapi.dev.log", folder);
  }
  printf("all is in %ls; the database may hold what is not for everybody's eyes\n", folder);
  return setupDone;
}

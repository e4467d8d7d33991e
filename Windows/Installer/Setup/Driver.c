// The extension: a network component, which Windows' netcfg.exe installs by its INF.
//
// Replacing it unbinds it from every virtual switch, and a new one is bound disabled. So which switches had it enabled is
// noted before and restored after; Bindings.ps1 does that, as only Hyper-V's own cmdlets can.

#include "setup.h"

#include <setupapi.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum {
  networkLimitMilliseconds = 180000,   // netcfg.exe waits for every network component
  bindingsLimitMilliseconds = 120000,  // cmdlets that load Hyper-V's module
  writeLockAttempts = 6,
  writeLockPauseMilliseconds = 5000,
  maximumInformationBytes = 65536,
};

// netcfgx.h
enum { netcfgNeedsReboot = 0x0004A020 };
#define netcfgNoWriteLock 0x8004A024u

// The identifiers in openvswitch.inf.
static const wchar_t component[] = L"OVSExt";
static const char instance[] = "{BEF579F1-F307-4D5E-AAF5-99A667FB847C}";
static const wchar_t networkServices[] = L"SYSTEM\\CurrentControlSet\\Control\\Network\\{4D36E974-E325-11CE-BFC1-08002BE10318}";
static const wchar_t instanceKey[] =
    L"SYSTEM\\CurrentControlSet\\Control\\Network\\{4D36E974-E325-11CE-BFC1-08002BE10318}\\{BEF579F1-F307-4D5E-AAF5-99A667FB847C}";

// Whether the driver of another Open vSwitch package is installed: its component has our name, but is another one.
static bool findOther(wchar_t *identifier, DWORD characters) {
  HKEY key;
  bool found = false;
  if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, networkServices, 0, KEY_READ, &key) != ERROR_SUCCESS) return false;
  for (DWORD index = 0; !found; index += 1) {
    wchar_t name[64], value[64];
    DWORD length = characters, bytes = sizeof name;
    LONG status = RegEnumKeyExW(key, index, identifier, &length, NULL, NULL, NULL, NULL);
    if (status == ERROR_NO_MORE_ITEMS) break;
    if (status != ERROR_SUCCESS) continue;
    if (_wcsicmp(identifier, wcsrchr(instanceKey, L'\\') + 1) == 0) continue;
    if (RegGetValueW(key, identifier, L"ComponentId", RRF_RT_REG_SZ, NULL, name, &bytes) == ERROR_SUCCESS) {
      found = _wcsicmp(name, component) == 0;
    }
    bytes = sizeof value;
    wchar_t binding[128];
    _snwprintf(binding, 127, L"%ls\\Ndi", identifier);
    binding[127] = 0;
    if (!found && RegGetValueW(key, binding, L"Service", RRF_RT_REG_SZ, NULL, value, &bytes) == ERROR_SUCCESS) {
      found = _wcsicmp(value, component) == 0;
    }
  }
  RegCloseKey(key);
  return found;
}

static bool isInstalled(void) {
  HKEY key;
  if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, instanceKey, 0, KEY_READ, &key) != ERROR_SUCCESS) return false;
  RegCloseKey(key);
  return true;
}

bool hasHyperV(void) {
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  SC_HANDLE service = manager == NULL ? NULL : OpenServiceW(manager, L"vmms", SERVICE_QUERY_STATUS);
  bool found = service != NULL;
  if (found) CloseServiceHandle(service);
  if (manager != NULL) CloseServiceHandle(manager);
  return found;
}

// Bindings.ps1 save | restore | disable
static bool runBindings(const Places *places, const wchar_t *action) {
  static Outcome outcome;
  wchar_t shell[maximumPathCharacters], arguments[3 * maximumPathCharacters];
  join(shell, places->system, L"WindowsPowerShell\\v1.0\\powershell.exe");
  if (!exists(shell)) {
    say("%ls is not on this system; the extension's bindings to switches are left to you", shell);
    return false;
  }
  _snwprintf(arguments, 3 * maximumPathCharacters - 1,
             L"-NoProfile -NonInteractive -ExecutionPolicy Bypass -File \"%ls\\driver\\Bindings.ps1\" -Action %ls -Path \"%ls\\enabled-switches.txt\"",
             places->product, action, places->data);
  arguments[3 * maximumPathCharacters - 1] = 0;
  return runProgram(shell, arguments, bindingsLimitMilliseconds, &outcome) && outcome.exitCode == 0;
}

static void requireRestart(void) {
  HKEY key;
  say("Windows has to be restarted before the change takes effect");
  if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, restartKey, 0, NULL, REG_OPTION_VOLATILE, KEY_WRITE, NULL, &key, NULL) == ERROR_SUCCESS) RegCloseKey(key);
}

// Runs netcfg.exe, again while another program changes the network's components.
static bool runNetcfg(const wchar_t *netcfg, const wchar_t *arguments) {
  static Outcome outcome;
  for (int attempt = 1; attempt <= writeLockAttempts; attempt += 1) {
    if (!runProgram(netcfg, arguments, networkLimitMilliseconds, &outcome)) return false;
    if (outcome.exitCode == netcfgNeedsReboot) requireRestart();
    if (outcome.exitCode == 0 || outcome.exitCode == netcfgNeedsReboot) return true;
    if (outcome.exitCode != netcfgNoWriteLock || attempt == writeLockAttempts) break;
    say("another program is changing the network's components; waiting");
    Sleep(writeLockPauseMilliseconds);
  }
  return false;
}

// Whether an INF that Windows keeps is of our component: it names the instance, in one-byte or two-byte characters.
static bool isOurs(const wchar_t *path) {
  static char content[maximumInformationBytes];
  DWORD length = 0;
  HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
  if (file == INVALID_HANDLE_VALUE) return false;
  BOOL read = ReadFile(file, content, sizeof content, &length, NULL);
  CloseHandle(file);
  if (!read) return false;
  size_t size = sizeof instance - 1;
  for (DWORD step = 1; step <= 2; step += 1) {
    for (DWORD at = 0; at + size * step <= length; at += 1) {
      DWORD matched = 0;
      while (matched < size && content[at + matched * step] == instance[matched]) matched += 1;
      if (matched == size) return true;
    }
  }
  return false;
}

// Takes the package out of the driver store, under whichever name Windows gave its INF (oem12.inf).
static void forgetPackage(void) {
  wchar_t windows[MAX_PATH], pattern[maximumPathCharacters], path[maximumPathCharacters];
  WIN32_FIND_DATAW entry;
  if (GetWindowsDirectoryW(windows, MAX_PATH) == 0) return;
  _snwprintf(pattern, maximumPathCharacters - 1, L"%ls\\INF\\oem*.inf", windows);
  HANDLE search = FindFirstFileW(pattern, &entry);
  if (search == INVALID_HANDLE_VALUE) return;
  do {
    _snwprintf(path, maximumPathCharacters - 1, L"%ls\\INF\\%ls", windows, entry.cFileName);
    if (!isOurs(path)) continue;
    if (SetupUninstallOEMInfW(entry.cFileName, SUOI_FORCEDELETE, NULL)) {
      say("removed %ls from the driver store", entry.cFileName);
    } else {
      say("%ls could not be removed from the driver store: error %lu", entry.cFileName, GetLastError());
    }
  } while (FindNextFileW(search, &entry));
  FindClose(search);
}

// Where the installed driver's file is; false if that cannot be told. The registry has it as \SystemRoot\…, as System32\…
// below the folder of Windows, or with a drive.
static bool findInstalledDriver(wchar_t *path) {
  static const wchar_t root[] = L"\\SystemRoot\\";
  wchar_t image[maximumPathCharacters], windows[MAX_PATH];
  DWORD bytes = sizeof image;
  if (RegGetValueW(HKEY_LOCAL_MACHINE, L"SYSTEM\\CurrentControlSet\\Services\\OVSExt", L"ImagePath", RRF_RT_REG_SZ,
                   NULL, image, &bytes) != ERROR_SUCCESS ||
      GetWindowsDirectoryW(windows, MAX_PATH) == 0) {
    return false;
  }
  const wchar_t *rest = image;
  if (_wcsnicmp(rest, L"\\??\\", 4) == 0) rest += 4;
  if (rest[0] != 0 && rest[1] == L':') {
    _snwprintf(path, maximumPathCharacters - 1, L"%ls", rest);
  } else {
    if (_wcsnicmp(rest, root, sizeof root / sizeof root[0] - 1) == 0) rest += sizeof root / sizeof root[0] - 1;
    _snwprintf(path, maximumPathCharacters - 1, L"%ls\\%ls", windows, rest);
  }
  path[maximumPathCharacters - 1] = 0;
  return true;
}

static bool areSame(const wchar_t *one, const wchar_t *other) {
  static char contents[2][maximumInformationBytes];
  DWORD lengths[2] = {1, 1};
  HANDLE files[2];
  const wchar_t *paths[2] = {one, other};
  bool same = true;
  for (int i = 0; i < 2; i += 1) files[i] = CreateFileW(paths[i], GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
  same = files[0] != INVALID_HANDLE_VALUE && files[1] != INVALID_HANDLE_VALUE;
  while (same && lengths[0] > 0) {
    for (int i = 0; i < 2; i += 1) same = same && ReadFile(files[i], contents[i], maximumInformationBytes, &lengths[i], NULL);
    same = same && lengths[0] == lengths[1] && memcmp(contents[0], contents[1], lengths[0]) == 0;
  }
  for (int i = 0; i < 2; i += 1) {
    if (files[i] != INVALID_HANDLE_VALUE) CloseHandle(files[i]);
  }
  return same;
}

// Finds netcfg.exe; says what to do if there is none.
static bool findNetcfg(const Places *places, wchar_t *netcfg) {
  join(netcfg, places->system, L"netcfg.exe");
  if (exists(netcfg)) return true;
  say("%ls is not on this system: it cannot have the driver", netcfg);
  return false;
}

DriverState driverState(const Places *places) {
  wchar_t present[maximumPathCharacters], offered[maximumPathCharacters];
  join(offered, places->product, L"driver\\openvswitch.sys");
  if (!isInstalled()) return driverMissing;
  return findInstalledDriver(present) && areSame(present, offered) ? driverCurrent : driverDifferent;
}

// Takes the installed driver out, so that another can come. A switch that comes back without the extension would let machines
// reach each other as no flow allows: so this is not begun unless it is known where the extension has to be enabled again.
static bool takeOut(const Places *places, const wchar_t *netcfg) {
  wchar_t arguments[64];
  if (!runBindings(places, L"save")) {
    say("the switches that have the extension enabled could not be read, so the former driver stays. Is the service vmms running, and "
        "Hyper-V's PowerShell module installed (Install-WindowsFeature Hyper-V-PowerShell)? Then run ovs-setup.exe install-driver");
    return false;
  }
  say("replacing the extension; switches that have it enabled are plain ones until it is enabled again");
  // As it is removed from a switch under load only with trouble; removed or disabled is the same to the machines.
  runBindings(places, L"disable");
  _snwprintf(arguments, 63, L"-u %ls", component);
  arguments[63] = 0;
  if (!runNetcfg(netcfg, arguments)) {
    say("the former driver could not be removed and stays; restart Windows, then run ovs-setup.exe install-driver");
    runBindings(places, L"restore");
    return false;
  }
  forgetPackage();
  return true;
}

static int putIn(const Places *places, const wchar_t *netcfg, bool replaces) {
  wchar_t information[maximumPathCharacters], arguments[2 * maximumPathCharacters];
  join(information, places->product, L"driver\\openvswitch.inf");
  if (replaces && !takeOut(places, netcfg)) return setupFailed;
  _snwprintf(arguments, 2 * maximumPathCharacters - 1, L"-l \"%ls\" -c s -i %ls", information, component);
  arguments[2 * maximumPathCharacters - 1] = 0;
  if (!runNetcfg(netcfg, arguments)) {
    say("the driver was not installed. If the line above speaks of a signature: the package's certificate is not trusted here, or Windows is "
        "not in test mode. Then run ovs-setup.exe install-driver");
    return setupFailed;
  }
  say("the driver is installed");
  if (!replaces || runBindings(places, L"restore")) return setupDone;
  say("the extension was not enabled again on every switch that had it: see the line above, and %ls\\enabled-switches.txt", places->data);
  return setupFailed;
}

int installDriver(const Places *places) {
  wchar_t netcfg[maximumPathCharacters], other[64];
  if (!hasHyperV()) {
    say("Hyper-V is not installed, so the driver was not. After Install-WindowsFeature Hyper-V -IncludeManagementTools and a restart, run: "
        "\"%ls\\ovs-setup.exe\" install-driver",
        places->programs);
    return setupFailed;
  }
  if (!findNetcfg(places, netcfg)) return setupFailed;
  if (findOther(other, sizeof other / sizeof other[0])) {
    say("the driver of another Open vSwitch package is installed (component OVSExt, %ls): remove that package, or run \"netcfg.exe -u OVSExt\"; "
        "then run ovs-setup.exe install-driver",
        other);
    return setupFailed;
  }
  DriverState state = driverState(places);
  if (state == driverCurrent) {
    say("the driver is this one already; it is left alone");
    return setupDone;
  }
  // Its handle of the device would keep the former driver in memory.
  bool ran = state == driverDifferent && stopSwitchDaemon();
  int result = putIn(places, netcfg, state == driverDifferent);
  if (ran) startSwitchDaemon();
  return result;
}

int removeDriver(const Places *places) {
  wchar_t netcfg[maximumPathCharacters], arguments[64];
  if (!isInstalled()) {
    say("the driver is not installed");
    return setupDone;
  }
  if (!findNetcfg(places, netcfg)) return setupFailed;
  bool ran = stopSwitchDaemon();
  // An enabled extension is removed from a switch under load; a disabled one is not in the way.
  runBindings(places, L"disable");
  _snwprintf(arguments, 63, L"-u %ls", component);
  arguments[63] = 0;
  bool removed = runNetcfg(netcfg, arguments);
  if (removed) {
    forgetPackage();
    say("the driver is removed");
  } else {
    say("the driver could not be removed; restart Windows, then run: netcfg.exe -u %ls", component);
  }
  if (ran) startSwitchDaemon();
  return removed ? setupDone : setupFailed;
}

// Stands in for every program of the package where a test is about the installer: a service that runs until it is
// stopped, and notes in C:\started.txt that it was started; a tool that goes on for ever; and an ovsdb-tool whose databases are files that begin with a schema version.

#include <stdio.h>
#include <string.h>
#include <windows.h>

static SERVICE_STATUS_HANDLE handle;
static HANDLE stopRequested;

static void report(DWORD state) {
  SERVICE_STATUS status = {SERVICE_WIN32_OWN_PROCESS, state, SERVICE_ACCEPT_STOP, 0, 0, 0, 0};
  SetServiceStatus(handle, &status);
}

static DWORD WINAPI control(DWORD code, DWORD kind, void *data, void *context) {
  (void)kind, (void)data, (void)context;
  if (code == SERVICE_CONTROL_STOP) SetEvent(stopRequested);
  return NO_ERROR;
}

// One line for each start, with the service's name.
static void noteStart(const wchar_t *name) {
  FILE *file = fopen("C:\\started.txt", "a");
  if (file == NULL) return;
  fprintf(file, "%ls\n", name);
  fclose(file);
}

static void WINAPI serve(DWORD count, LPWSTR *arguments) {
  if (count > 0) noteStart(arguments[0]);
  stopRequested = CreateEventW(NULL, TRUE, FALSE, NULL);
  handle = RegisterServiceCtrlHandlerExW(L"", control, NULL);
  report(SERVICE_RUNNING);
  WaitForSingleObject(stopRequested, INFINITE);
  report(SERVICE_STOPPED);
}

static int readVersion(const char *path, char *version) {
  FILE *file = fopen(path, "r");
  int found = file != NULL && fscanf(file, "%15s", version) == 1;
  if (file != NULL) fclose(file);
  return found;
}

static int writeDatabase(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  if (file == NULL) return 1;
  fprintf(file, "8.8.0 %s\n", text);
  return fclose(file);
}

int main(int count, char **arguments) {
  static SERVICE_TABLE_ENTRYW services[] = {{L"", serve}, {NULL, NULL}};
  char version[16] = "";
  if (count < 2) return 0;
  if (strcmp(arguments[1], "monitor") == 0) Sleep(INFINITE);
  if (strcmp(arguments[1], "--service") == 0) return !StartServiceCtrlDispatcherW(services);
  if (strcmp(arguments[1], "create") == 0) return writeDatabase(arguments[2], "created");
  if (strcmp(arguments[1], "convert") == 0) return writeDatabase(arguments[2], "converted");
  if (strcmp(arguments[1], "schema-version") == 0) return puts("8.8.0") < 0;
  if (strcmp(arguments[1], "db-version") == 0) {
    if (!readVersion(arguments[2], version)) return 1;
    puts(version);
  }
  return 0;
}

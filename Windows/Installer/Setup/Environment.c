// Places, the log, and other programs.

#include "setup.h"

#include <shlobj.h>
#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>

// Pauses between looks at what a running program has written.
enum { outputPollMilliseconds = 20 };

// Places

void join(wchar_t *path, const wchar_t *folder, const wchar_t *name) {
  _snwprintf(path, maximumPathCharacters - 1, L"%ls\\%ls", folder, name);
  path[maximumPathCharacters - 1] = 0;
}

bool exists(const wchar_t *path) { return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES; }

static bool cutLastName(wchar_t *path) {
  wchar_t *slash = wcsrchr(path, L'\\');
  if (slash == NULL) return false;
  *slash = 0;
  return true;
}

bool findPlaces(Places *places) {
  wchar_t shared[MAX_PATH];
  DWORD length = GetModuleFileNameW(NULL, places->programs, maximumPathCharacters);
  bool found = length > 0 && length < maximumPathCharacters && cutLastName(places->programs);
  wcscpy(places->product, places->programs);
  found = found && cutLastName(places->product);
  found = found && SUCCEEDED(SHGetFolderPathW(NULL, CSIDL_COMMON_APPDATA, NULL, SHGFP_TYPE_CURRENT, shared));
  length = GetSystemDirectoryW(places->system, maximumPathCharacters);
  found = found && length > 0 && length < maximumPathCharacters;
  if (!found) {
    fprintf(stderr, "ovs-setup: the folders of this system cannot be found (error %lu)\n", GetLastError());
    return false;
  }
  join(places->data, shared, L"openvswitch");
  join(places->logs, places->data, L"logs");
  return true;
}

// The log

static HANDLE logFile = INVALID_HANDLE_VALUE;

void openLog(const Places *places) {
  wchar_t path[maximumPathCharacters];
  CreateDirectoryW(places->data, NULL);
  CreateDirectoryW(places->logs, NULL);
  // Not through a link that someone may have put there.
  if (GetFileAttributesW(places->data) & FILE_ATTRIBUTE_REPARSE_POINT || GetFileAttributesW(places->logs) & FILE_ATTRIBUTE_REPARSE_POINT) return;
  join(path, places->logs, L"setup.log");
  logFile = CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
}

void say(const char *format, ...) {
  char text[maximumOutputBytes + 512];
  char line[sizeof text + 32];
  SYSTEMTIME now;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  text[sizeof text - 1] = 0;
  GetSystemTime(&now);
  int length = snprintf(line, sizeof line, "%04u-%02u-%02uT%02u:%02u:%02uZ|%s\r\n", now.wYear, now.wMonth, now.wDay, now.wHour,
                        now.wMinute, now.wSecond, text);
  DWORD written;
  if (logFile != INVALID_HANDLE_VALUE) WriteFile(logFile, line, (DWORD)length, &written, NULL);
  printf("%s\n", text);
  fflush(stdout);
}

// Other programs

static void cutLineEnds(Outcome *outcome, DWORD length) {
  while (length > 0 && (outcome->output[length - 1] == '\n' || outcome->output[length - 1] == '\r')) length -= 1;
  outcome->output[length] = 0;
}

// Takes what has been written so far; what does not fit is dropped, so that the program never waits for us.
static DWORD drain(HANDLE pipe, Outcome *outcome, DWORD length) {
  char chunk[1024];
  DWORD available, taken;
  while (PeekNamedPipe(pipe, NULL, 0, NULL, &available, NULL) && available > 0) {
    if (!ReadFile(pipe, chunk, available < sizeof chunk ? available : sizeof chunk, &taken, NULL)) break;
    if (taken > maximumOutputBytes - length) taken = maximumOutputBytes - length;
    memcpy(outcome->output + length, chunk, taken);
    length += taken;
  }
  return length;
}

bool runProgram(const wchar_t *program, const wchar_t *arguments, DWORD limitMilliseconds, Outcome *outcome) {
  static wchar_t command[4 * maximumPathCharacters];
  SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
  HANDLE reader, writer;
  memset(outcome, 0, sizeof *outcome);
  _snwprintf(command, 4 * maximumPathCharacters - 1, L"\"%ls\" %ls", program, arguments);
  if (!CreatePipe(&reader, &writer, &inherited, 0)) return false;
  SetHandleInformation(reader, HANDLE_FLAG_INHERIT, 0);
  STARTUPINFOW start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES, .hStdOutput = writer, .hStdError = writer};
  PROCESS_INFORMATION process;
  BOOL started = CreateProcessW(program, command, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &start, &process);
  DWORD error = GetLastError();
  CloseHandle(writer);
  if (!started) {
    CloseHandle(reader);
    say("%ls could not be started: error %lu", program, error);
    return false;
  }
  ULONGLONG deadline = GetTickCount64() + limitMilliseconds;
  DWORD length = 0;
  bool ended = false;
  while (!ended && GetTickCount64() < deadline) {
    ended = WaitForSingleObject(process.hProcess, outputPollMilliseconds) == WAIT_OBJECT_0;
    length = drain(reader, outcome, length);
  }
  cutLineEnds(outcome, length);
  if (!ended) TerminateProcess(process.hProcess, 1);
  GetExitCodeProcess(process.hProcess, &outcome->exitCode);
  CloseHandle(process.hThread);
  CloseHandle(process.hProcess);
  CloseHandle(reader);
  if (ended) {
    say("ran %ls: exit code %lu%s%s", command, outcome->exitCode, length > 0 ? ": " : "", outcome->output);
  } else {
    say("%ls did not end within %lu s and was stopped", command, limitMilliseconds / 1000);
  }
  return ended;
}

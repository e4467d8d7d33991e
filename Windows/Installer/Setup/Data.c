// The data folder and the database in it. A database that is there is never replaced: it is left as it is, or converted
// after a copy was made.

#include "setup.h"

#include <sddl.h>
#include <stdio.h>
#include <wchar.h>

enum {
  databaseLimitMilliseconds = 120000,  // for ovsdb-tool, which works on files alone
  folderLevels = 2,                    // openvswitch\logs\FILE
  maximumFolderLevels = 16,            // of what someone may have put there
};

// Owned by administrators; full access for them and for the system, inherited by what lies within; for nobody else,
// whatever the folder above says. Without it any user could put files there that the services, which run as the system, read.
static const wchar_t protection[] = L"O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";

static bool isLink(DWORD attributes) { return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_REPARSE_POINT); }

// Someone else may have made the folder before us, with files or links of his in it: those are closed to him, these removed.
static void protect(const wchar_t *path, PSECURITY_DESCRIPTOR descriptor, int levels) {
  SECURITY_INFORMATION parts =
      OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
  wchar_t below[maximumPathCharacters];
  WIN32_FIND_DATAW entry;
  if (isLink(GetFileAttributesW(path))) {
    say("%ls leads elsewhere and is removed", path);
    if (!RemoveDirectoryW(path) && !DeleteFileW(path)) say("it could not be removed: error %lu", GetLastError());
    return;
  }
  if (!SetFileSecurityW(path, parts, descriptor)) say("%ls could not be closed to other users: error %lu", path, GetLastError());
  if (levels == 0) return;
  join(below, path, L"*");
  HANDLE search = FindFirstFileW(below, &entry);
  if (search == INVALID_HANDLE_VALUE) return;
  do {
    if (wcscmp(entry.cFileName, L".") == 0 || wcscmp(entry.cFileName, L"..") == 0) continue;
    join(below, path, entry.cFileName);
    protect(below, descriptor, levels - 1);
  } while (FindNextFileW(search, &entry));
  FindClose(search);
}

static void protectFolder(const Places *places) {
  PSECURITY_DESCRIPTOR descriptor;
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(protection, SDDL_REVISION_1, &descriptor, NULL)) return;
  protect(places->data, descriptor, folderLevels);
  LocalFree(descriptor);
  CreateDirectoryW(places->logs, NULL);
}

typedef struct {
  wchar_t database[maximumPathCharacters];
  wchar_t schema[maximumPathCharacters];
  wchar_t tool[maximumPathCharacters];
} Files;

// Runs ovsdb-tool COMMAND with one or two files.
static bool runTool(const Files *files, const wchar_t *command, const wchar_t *first, const wchar_t *second, Outcome *outcome) {
  wchar_t arguments[3 * maximumPathCharacters];
  if (second != NULL) {
    _snwprintf(arguments, 3 * maximumPathCharacters - 1, L"%ls \"%ls\" \"%ls\"", command, first, second);
  } else {
    _snwprintf(arguments, 3 * maximumPathCharacters - 1, L"%ls \"%ls\"", command, first);
  }
  arguments[3 * maximumPathCharacters - 1] = 0;
  return runProgram(files->tool, arguments, databaseLimitMilliseconds, outcome) && outcome->exitCode == 0;
}

typedef struct {
  unsigned int major, minor, patch;
} Version;

static bool parseVersion(const char *text, Version *version) {
  return sscanf(text, "%u.%u.%u", &version->major, &version->minor, &version->patch) == 3;
}

static bool isOlder(Version one, Version other) {
  if (one.major != other.major) return one.major < other.major;
  if (one.minor != other.minor) return one.minor < other.minor;
  return one.patch < other.patch;
}

// A database of an Open vSwitch package that kept it among its programs, taken over by copy.
static bool adopt(const Places *places, const Files *files) {
  wchar_t earlier[maximumPathCharacters];
  join(earlier, places->product, L"conf\\conf.db");
  if (!exists(earlier)) return false;
  if (!CopyFileW(earlier, files->database, TRUE)) {
    say("%ls could not be copied to %ls: error %lu", earlier, files->database, GetLastError());
    return false;
  }
  say("took over the database %ls", earlier);
  return true;
}

static int create(const Files *files) {
  static Outcome outcome;
  if (runTool(files, L"create", files->database, files->schema, &outcome)) {
    say("created the database %ls", files->database);
    return setupDone;
  }
  say("the database %ls could not be created; see the line above", files->database);
  return setupFailed;
}

// Brings an older database to the schema of this version. One that cannot be converted is left to ovsdb-server, which
// says what is wrong with it.
static int convert(const Files *files) {
  static Outcome outcome;
  Version present, wanted;
  wchar_t backup[maximumPathCharacters];
  if (!runTool(files, L"db-version", files->database, NULL, &outcome) || !parseVersion(outcome.output, &present)) {
    say("the schema version of %ls could not be read; the file is left as it is", files->database);
    return setupDone;
  }
  if (!runTool(files, L"schema-version", files->schema, NULL, &outcome) || !parseVersion(outcome.output, &wanted)) {
    say("the version of the schema %ls could not be read; %ls is left as it is", files->schema, files->database);
    return setupDone;
  }
  if (!isOlder(present, wanted)) {
    say("kept the database %ls (schema %u.%u.%u)", files->database, present.major, present.minor, present.patch);
    return setupDone;
  }
  _snwprintf(backup, maximumPathCharacters - 1, L"%ls.backup-%u.%u.%u", files->database, present.major, present.minor, present.patch);
  if (!CopyFileW(files->database, backup, FALSE)) {
    say("no copy of %ls could be made (error %lu), so it is left with schema %u.%u.%u", files->database, GetLastError(), present.major,
        present.minor, present.patch);
    return setupDone;
  }
  if (runTool(files, L"convert", files->database, files->schema, &outcome)) {
    say("converted %ls to schema %u.%u.%u; as it was: %ls", files->database, wanted.major, wanted.minor, wanted.patch, backup);
  } else {
    say("%ls could not be converted to schema %u.%u.%u; see the line above", files->database, wanted.major, wanted.minor, wanted.patch);
  }
  return setupDone;
}

// Removes a folder with all that is in it; links in it, not where they lead.
static bool removeTree(const wchar_t *path, int levels) {
  wchar_t below[maximumPathCharacters];
  WIN32_FIND_DATAW entry;
  DWORD attributes = GetFileAttributesW(path);
  if (attributes == INVALID_FILE_ATTRIBUTES) return true;
  if (!(attributes & FILE_ATTRIBUTE_DIRECTORY)) return DeleteFileW(path);
  if (isLink(attributes)) return RemoveDirectoryW(path);
  if (levels == 0) return false;
  join(below, path, L"*");
  HANDLE search = FindFirstFileW(below, &entry);
  bool removed = true;
  while (search != INVALID_HANDLE_VALUE) {
    if (wcscmp(entry.cFileName, L".") != 0 && wcscmp(entry.cFileName, L"..") != 0) {
      join(below, path, entry.cFileName);
      removed = removeTree(below, levels - 1) && removed;
    }
    if (!FindNextFileW(search, &entry)) break;
  }
  if (search != INVALID_HANDLE_VALUE) FindClose(search);
  return removed && RemoveDirectoryW(path);
}

int purge(const Places *places) {
  if (removeTree(places->data, maximumFolderLevels)) {
    printf("removed %ls\n", places->data);
    return setupDone;
  }
  printf("not everything below %ls could be removed: error %lu. Are the services stopped (ovs-setup.exe stop)?\n", places->data, GetLastError());
  return setupFailed;
}

int prepareData(const Places *places) {
  static Files files;
  protectFolder(places);
  join(files.database, places->data, L"conf.db");
  join(files.schema, places->product, L"conf\\vswitch.ovsschema");
  join(files.tool, places->programs, L"ovsdb-tool.exe");
  if (exists(files.database) || adopt(places, &files)) return convert(&files);
  return create(&files);
}

// Stands in for Windows' netcfg.exe, which Wine has not: installs and removes the network component by the traces that it
// leaves, and writes its command lines to C:\netcfg.txt. Fails as often as C:\netcfg-locked.txt has characters, as if
// another program held the lock of the network's configuration.

#include <stdio.h>
#include <string.h>
#include <windows.h>

static const char component[] =
    "SYSTEM\\CurrentControlSet\\Control\\Network\\{4D36E974-E325-11CE-BFC1-08002BE10318}\\{BEF579F1-F307-4D5E-AAF5-99A667FB847C}";
static const char kept[] = "C:\\windows\\INF\\oem7.inf";

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

int main(int count, char **arguments) {
  HKEY key;
  FILE *log = fopen("C:\\netcfg.txt", "a");
  for (int i = 1; i < count; i += 1) fprintf(log, i > 1 ? " %s" : "%s", arguments[i]);
  fputc('\n', log);
  fclose(log);
  if (isLocked()) return (int)0x8004A024;
  if (count == 7 && strcmp(arguments[1], "-l") == 0) {
    if (!CopyFileA(arguments[2], kept, FALSE)) return 2;
    return RegCreateKeyExA(HKEY_LOCAL_MACHINE, component, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL);
  }
  if (count == 3 && strcmp(arguments[1], "-u") == 0) return RegDeleteKeyA(HKEY_LOCAL_MACHINE, component);
  return 1;
}

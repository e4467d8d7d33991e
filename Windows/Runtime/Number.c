// What: text to floating point, with a point for the decimal separator whatever the system's language.

#include <stdlib.h>

// MinGW's own conversion rounds correctly; that of msvcrt.dll does not in its older versions.
double __mingw_strtod(const char *text, char **end);

const char *_swift_stdlib_strtod_clocale(const char *text, double *result) {
  char *end;
  *result = __mingw_strtod(text, &end);
  return end;
}

// What: the random bytes that seed Swift's hash tables, from the system's own generator.

#include <windows.h>
#include <bcrypt.h>

void arc4random_buf(void *bytes, size_t count) {
  unsigned char *next = bytes;
  while (count > 0) {
    ULONG part = count > 0x10000 ? 0x10000 : (ULONG)count;
    // Hash tables that peers can predict, or no program: there is no third choice that is safe.
    if (BCryptGenRandom(NULL, next, part, BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0) __builtin_trap();
    next += part;
    count -= part;
  }
}

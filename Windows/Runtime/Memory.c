// What: the heap that Swift's runtime asks for.
//
// `malloc` and `free` have other names in the Swift objects of a program (Scripts/windows renames them), because memory
// that was aligned must not be given to the C library's own `free`.

#include <errno.h>
#include <malloc.h>
#include <stddef.h>

int posix_memalign(void **place, size_t alignment, size_t byteCount) {
  void *memory = _aligned_malloc(byteCount ? byteCount : 1, alignment);
  if (memory == NULL) return ENOMEM;
  *place = memory;
  return 0;
}

void *apus_malloc(size_t byteCount) { return _aligned_malloc(byteCount ? byteCount : 1, 16); }

void apus_free(void *memory) { _aligned_free(memory); }

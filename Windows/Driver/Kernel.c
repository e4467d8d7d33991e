// What Swift and C code need of a system underneath them: a heap, memory functions, random numbers, time.
#include "Driver.h"

// MARK: Heap

// All memory is non-paged and not executable, with the tag "Apus"; each block is counted, so that the heap has a limit and
// what is not given back at the end is seen.
//
// Swift has no way to say that memory is short. So what Swift asks for comes from a reserve when the system has nothing, and
// from that moment `KernelHeapRoom` is zero for a while: whoever takes in requests asks it first, and refuses them. What C
// allocates for packets is allowed to fail, and never touches the reserve.

// The limit: what all engines share, and what each has when it is full of ordinary flows; but no more than a share of the
// host's memory, which is taken for small where the system does not tell it.
#define HEAP_BASE_BYTES (64ll << 20)
#define HEAP_ENGINE_BYTES (256ll << 20)
#define HEAP_MEMORY_SHARE 8
#define HEAP_UNKNOWN_MEMORY_BYTES (8ll << 30)
#define HEAP_RESERVE_BYTES (4u << 20)
#define HEAP_SHORTAGE_MILLISECONDS 2000

struct Block {
  void *base;
  SIZE_T size;
};

static volatile LONG64 heapUsed;
static LONG64 heapLimit;
// When the system last had no memory.
static volatile LONG64 shortageMilliseconds;
static volatile LONG64 shortageCount;

// The reserve: one piece of memory, cut into pieces that lie behind each other, each with its size before it.
struct Piece {
  SIZE_T size;  // with this header; a multiple of 64
  SIZE_T isUsed;
  SIZE_T unused[6];
};
_Static_assert(sizeof(struct Piece) == 64, "what follows is aligned");

static PUCHAR reserve;
static KSPIN_LOCK reserveLock;

static struct Piece *pieceBehind(struct Piece *piece) { return (struct Piece *)((PUCHAR)piece + piece->size); }

static PVOID takeReserve(SIZE_T size) {
  PVOID found = NULL;
  if (!reserve) return NULL;
  size = (size + sizeof(struct Piece) + 63) & ~(SIZE_T)63;
  KIRQL level = KeAcquireSpinLockRaiseToDpc(&reserveLock);
  struct Piece *end = (struct Piece *)(reserve + HEAP_RESERVE_BYTES);
  for (struct Piece *piece = (struct Piece *)reserve; piece < end; piece = pieceBehind(piece)) {
    if (piece->isUsed) continue;
    while (pieceBehind(piece) < end && !pieceBehind(piece)->isUsed) piece->size += pieceBehind(piece)->size;
    if (piece->size < size) continue;
    if (piece->size > size) {
      struct Piece *rest = (struct Piece *)((PUCHAR)piece + size);
      rest->size = piece->size - size;
      rest->isUsed = 0;
      piece->size = size;
    }
    piece->isUsed = 1;
    found = piece + 1;
    break;
  }
  KeReleaseSpinLock(&reserveLock, level);
  return found;
}

static BOOLEAN isReserved(PVOID memory) {
  return reserve && (PUCHAR)memory >= reserve && (PUCHAR)memory < reserve + HEAP_RESERVE_BYTES;
}

static void giveReserve(PVOID memory) {
  KIRQL level = KeAcquireSpinLockRaiseToDpc(&reserveLock);
  ((struct Piece *)memory - 1)->isUsed = 0;
  KeReleaseSpinLock(&reserveLock, level);
}

static void *allocate(size_t alignment, size_t size, BOOLEAN mayUseReserve) {
  if (alignment < 16) alignment = 16;
  if (size > MAXLONG - alignment - sizeof(struct Block)) return NULL;
  SIZE_T total = size + alignment + sizeof(struct Block);
  PUCHAR base = ExAllocatePoolWithTag((POOL_TYPE)512 /* NonPagedPoolNx */, total, DRIVER_TAG);
  if (!base) {
    shortageMilliseconds = (LONG64)KernelMilliseconds();
    InterlockedIncrement64(&shortageCount);
    if (mayUseReserve) base = takeReserve(total);
    if (!base) return NULL;
  }
  ULONG_PTR place = ((ULONG_PTR)base + sizeof(struct Block) + alignment - 1) & ~(ULONG_PTR)(alignment - 1);
  struct Block *block = (struct Block *)place - 1;
  block->base = base;
  block->size = total;
  InterlockedExchangeAdd64(&heapUsed, (LONG64)total);
  return (void *)place;
}

void *KernelAllocate(size_t alignment, size_t size) { return allocate(alignment, size, FALSE); }

int posix_memalign(void **result, size_t alignment, size_t size) {
  *result = allocate(alignment, size, TRUE);
  return *result ? 0 : 12;
}

// Swift calls this for what a suspended accessor keeps.
void *malloc(size_t size) { return allocate(16, size, TRUE); }

void free(void *memory) {
  if (!memory) return;
  struct Block *block = (struct Block *)memory - 1;
  InterlockedExchangeAdd64(&heapUsed, -(LONG64)block->size);
  if (isReserved(block->base))
    giveReserve(block->base);
  else
    ExFreePoolWithTag(block->base, DRIVER_TAG);
}

// SYSTEM_BASIC_INFORMATION as far as it matters here.
struct BasicInformation {
  ULONG reserved, timerResolution, pageByteCount, physicalPageCount, lowestPage, highestPage, granularity;
  ULONG_PTR lowestAddress, highestAddress, processors;
  CHAR processorCount;
};

NTSYSAPI NTSTATUS NTAPI ZwQuerySystemInformation(ULONG what, PVOID buffer, ULONG length, PULONG needed);

static LONG64 physicalMemory(void) {
  struct BasicInformation information;
  NTSTATUS status = ZwQuerySystemInformation(0 /* SystemBasicInformation */, &information, sizeof information, NULL);
  if (!NT_SUCCESS(status) || !information.physicalPageCount) return HEAP_UNKNOWN_MEMORY_BYTES;
  return (LONG64)information.physicalPageCount * information.pageByteCount;
}

// How many pieces of memory the system gives at this moment. They are tried out one by one, as it need not have all in one.
static uint32_t tryPieces(uint32_t wanted, SIZE_T byteCount) {
  void *first = NULL, *probe;
  uint32_t count = 0;
  while (count < wanted && (probe = KernelAllocate(64, byteCount))) {
    *(void **)probe = first;
    first = probe;
    count++;
  }
  for (; first; first = probe) {
    probe = *(void **)first;
    free(first);
  }
  return count;
}

#define HEAP_PIECE_BYTES (1u << 20)

uint32_t KernelHeapTry(uint64_t byteCount) {
  uint32_t pieces = (uint32_t)(byteCount / HEAP_PIECE_BYTES) + 1;
  return tryPieces(pieces, HEAP_PIECE_BYTES) == pieces;
}

uint32_t KernelHeapStart(uint32_t wanted) {
  reserve = ExAllocatePoolWithTag((POOL_TYPE)512, HEAP_RESERVE_BYTES, DRIVER_TAG);
  if (!reserve) return 0;
  KeInitializeSpinLock(&reserveLock);
  struct Piece *all = (struct Piece *)reserve;
  all->size = HEAP_RESERVE_BYTES;
  all->isUsed = 0;
  LONG64 share = physicalMemory() / HEAP_MEMORY_SHARE;
  heapLimit = HEAP_BASE_BYTES + wanted * HEAP_ENGINE_BYTES;
  if (heapLimit > share) heapLimit = share;
  // Each has as much again for flows.
  LONG64 fitting = (heapLimit - HEAP_BASE_BYTES) / (2 * (LONG64)ENGINE_START_BYTES);
  if (wanted > fitting) wanted = fitting > 0 ? (uint32_t)fitting : 1;
  uint32_t count = tryPieces(wanted, ENGINE_START_BYTES);
  // What was missing is not asked for again.
  shortageCount = 0;
  DbgPrint("OVSExt: %u engines, at most %u MiB\n", (unsigned)count, (unsigned)(heapLimit >> 20));
  return count;
}

void KernelHeapEnd(void) {
  if (heapUsed) DbgPrint("OVSExt: %ld bytes of the heap are not given back\n", (long)heapUsed);
  if (reserve) ExFreePoolWithTag(reserve, DRIVER_TAG);
  reserve = NULL;
}

LONG64 KernelHeapLimit(void) { return heapLimit; }

uint64_t KernelHeapRoom(void) {
  LONG64 room = KernelHeapLimit() - heapUsed;
  if (shortageCount && (LONG64)KernelMilliseconds() - shortageMilliseconds < HEAP_SHORTAGE_MILLISECONDS) return 0;
  return room > 0 ? (uint64_t)room : 0;
}

// MARK: Stack

// A thread has 24 KiB of stack in the kernel. A message of the daemon takes more than that from its decoding to the flow
// table; the system lends as much as this for the time of a call.
#define LARGE_STACK_BYTES (64u << 10)

NTSTATUS KernelCallOnLargeStack(VOID(NTAPI *function)(PVOID), PVOID context) {
  return KeExpandKernelStackAndCallout(function, context, LARGE_STACK_BYTES);
}

// MARK: Memory

void *memset(void *to, int value, size_t count) {
  UCHAR *place = to;
  __asm__ volatile("rep stosb" : "+D"(place), "+c"(count) : "a"((UCHAR)value) : "memory");
  return to;
}

void *memcpy(void *to, const void *from, size_t count) {
  void *place = to;
  __asm__ volatile("rep movsb" : "+D"(place), "+S"(from), "+c"(count) : : "memory");
  return to;
}

void *memmove(void *to, const void *from, size_t count) {
  if ((ULONG_PTR)to - (ULONG_PTR)from >= count) return memcpy(to, from, count);
  UCHAR *target = to;
  const UCHAR *source = from;
  while (count >= 8) {
    count -= 8;
    UINT64 word;
    __builtin_memcpy(&word, source + count, 8);
    __builtin_memcpy(target + count, &word, 8);
  }
  while (count--) target[count] = source[count];
  return to;
}

int memcmp(const void *one, const void *other, size_t count) {
  const UCHAR *a = one, *b = other;
  for (; count; count--, a++, b++)
    if (*a != *b) return *a < *b ? -1 : 1;
  return 0;
}

// A dictionary's capacity is worked out in floating point.
double ceil(double value) {
  double whole = (double)(LONG64)value;
  return whole < value ? whole + 1 : whole;
}

// MARK: Time and chance

static LONG64 ticksPerSecond;

uint64_t KernelMilliseconds(void) {
  UINT64 ticks = (UINT64)KeQueryPerformanceCounter(NULL).QuadPart;
  UINT64 rate = (UINT64)ticksPerSecond;
  return ticks / rate * 1000 + ticks % rate * 1000 / rate;
}

static volatile LONG64 randomState;
static BOOLEAN hasRandomInstruction;

__attribute__((target("rdrnd"))) static BOOLEAN randomWord(UINT64 *word) {
  for (int attempt = 0; attempt < 10; attempt++)
    if (__builtin_ia32_rdrand64_step((unsigned long long *)word)) return TRUE;
  return FALSE;
}

// Never waits, at any level. The processor's own generator where it has one; otherwise numbers that a peer on the wire
// cannot know.
UINT64 KernelRandom(void) {
  UINT64 word;
  if (hasRandomInstruction && randomWord(&word)) return word;
  word = (UINT64)InterlockedExchangeAdd64(&randomState, (LONG64)0x9e3779b97f4a7c15ull);
  word ^= __builtin_ia32_rdtsc();
  word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9ull;
  word = (word ^ word >> 27) * 0x94d049bb133111ebull;
  return word ^ word >> 31;
}

void arc4random_buf(void *to, size_t count) {
  UCHAR *place = to;
  while (count) {
    UINT64 word = KernelRandom();
    size_t part = count < 8 ? count : 8;
    memcpy(place, &word, part);
    place += part;
    count -= part;
  }
}

void KernelStart(void) {
  LARGE_INTEGER rate;
  LARGE_INTEGER ticks = KeQueryPerformanceCounter(&rate);
  ticksPerSecond = rate.QuadPart > 0 ? rate.QuadPart : 1;
  randomState = ticks.QuadPart ^ (LONG64)(ULONG_PTR)&rate << 16;
  int words[4];
  __asm__("cpuid" : "=a"(words[0]), "=b"(words[1]), "=c"(words[2]), "=d"(words[3]) : "a"(1), "c"(0));
  hasRandomInstruction = words[2] >> 30 & 1;
}

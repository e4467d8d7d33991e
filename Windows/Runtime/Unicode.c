// What: the look-ups of Unicode properties that Swift's String makes.
//
// Why: the tables come with no Windows library. All look-ups say "nothing special", so that strings compare by code
// points, and each code point is a character of its own. Protocol strings are compared as bytes anyway.

#include <stdint.h>

#define NOTHING UINT32_MAX

uint16_t _swift_stdlib_getNormData(uint32_t scalar) {
  (void)scalar;
  return 0;
}

uint32_t _swift_stdlib_getComposition(uint32_t first, uint32_t second) {
  (void)first, (void)second;
  return NOTHING;
}

uint32_t _swift_stdlib_getDecompositionEntry(uint32_t scalar) {
  (void)scalar;
  return NOTHING;
}

static const uint8_t noDecompositions[1];
const uint8_t *const _swift_stdlib_nfd_decompositions = noDecompositions;

uint8_t _swift_stdlib_getGraphemeBreakProperty(uint32_t scalar) {
  (void)scalar;
  return UINT8_MAX;
}

_Bool _swift_stdlib_isExtendedPictographic(uint32_t scalar) {
  (void)scalar;
  return 0;
}

_Bool _swift_stdlib_isInCB_Consonant(uint32_t scalar) {
  (void)scalar;
  return 0;
}

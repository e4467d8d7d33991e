// What: SHA-1, by CNG. BCryptHash would do it in one call, but is newer than Windows Server 2012 R2.

#include "Program.h"

#include <bcrypt.h>
#include <ntsecapi.h>

/// The provider, which takes long to open and is therefore kept until the program ends; nothing before the first use.
static NTSTATUS provider(BCRYPT_ALG_HANDLE *algorithm) {
  static void *volatile opened;
  *algorithm = opened;
  if (*algorithm != NULL) return 0;
  NTSTATUS status = BCryptOpenAlgorithmProvider(algorithm, BCRYPT_SHA1_ALGORITHM, NULL, 0);
  if (status != 0) return status;
  // Of two threads that come first at once, one keeps what the other has opened.
  void *first = InterlockedCompareExchangePointer(&opened, *algorithm, NULL);
  if (first != NULL) {
    BCryptCloseAlgorithmProvider(*algorithm, 0);
    *algorithm = first;
  }
  return 0;
}

static NTSTATUS add(BCRYPT_HASH_HANDLE hash, const unsigned char *bytes, uintptr_t count) {
  while (count > 0) {
    ULONG part = count > 0x40000000 ? 0x40000000 : (ULONG)count;
    NTSTATUS status = BCryptHashData(hash, (PUCHAR)bytes, part, 0);
    if (status != 0) return status;
    bytes += part;
    count -= part;
  }
  return 0;
}

uint32_t apus_sha1(const void *bytes, uintptr_t count, void *digest) {
  BCRYPT_ALG_HANDLE algorithm;
  BCRYPT_HASH_HANDLE hash = NULL;
  NTSTATUS status = provider(&algorithm);
  if (status == 0) status = BCryptCreateHash(algorithm, &hash, NULL, 0, NULL, 0, 0);
  if (status == 0) status = add(hash, bytes, count);
  if (status == 0) status = BCryptFinishHash(hash, digest, 20, 0);
  if (hash != NULL) BCryptDestroyHash(hash);
  return status == 0 ? 0 : LsaNtStatusToWinError(status);
}

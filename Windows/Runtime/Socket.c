// What: starting to connect a socket without waiting. Winsock gives the function only by a query.

#include <winsock2.h>
#include <mswsock.h>
#include <stdint.h>

/// Starts to connect; gives a Winsock error, `WSA_IO_PENDING` among them.
int32_t apus_connect(uintptr_t socket, const void *address, int32_t length, void *overlapped) {
  GUID identifier = WSAID_CONNECTEX;
  LPFN_CONNECTEX connectEx = NULL;
  DWORD count = 0;
  if (WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &identifier, sizeof identifier, &connectEx,
               sizeof connectEx, &count, NULL, NULL) != 0) {
    return WSAGetLastError();
  }
  return connectEx(socket, address, length, NULL, 0, NULL, overlapped) ? 0 : WSAGetLastError();
}

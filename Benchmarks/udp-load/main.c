// Sends or counts 60-byte UDP frames as fast as one core can, in batches of 32.
//
//   udp-load send ADDRESS PORT SECONDS     prints the packets sent a second
//   udp-load receive PORT SECONDS          prints the packets received a second
//
// In C because the batched socket calls are GNU extensions, and because the load is no part of the product.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

enum { batch_count = 32, payload_byte_count = 18 };

static struct mmsghdr batch[batch_count];
static struct iovec vectors[batch_count];
static char payloads[batch_count][64];

static double monotonic_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static int udp_socket(struct sockaddr_in *address, const char *host, const char *port) {
  memset(address, 0, sizeof *address);
  address->sin_family = AF_INET;
  address->sin_port = htons(atoi(port));
  if (host && inet_pton(AF_INET, host, &address->sin_addr) != 1) {
    fprintf(stderr, "%s: not an IPv4 address\n", host);
    exit(1);
  }
  for (int i = 0; i < batch_count; i++) {
    vectors[i] = (struct iovec){payloads[i], payload_byte_count};
    batch[i].msg_hdr.msg_iov = &vectors[i];
    batch[i].msg_hdr.msg_iovlen = 1;
  }
  return socket(AF_INET, SOCK_DGRAM, 0);
}

static int load_send(const char *host, const char *port, double seconds) {
  struct sockaddr_in peer;
  int descriptor = udp_socket(&peer, host, port);
  if (connect(descriptor, (struct sockaddr *)&peer, sizeof peer) != 0) {
    perror("connect");
    return 1;
  }
  double end = monotonic_seconds() + seconds;
  long sent = 0;
  while (monotonic_seconds() < end) {
    int count = sendmmsg(descriptor, batch, batch_count, 0);
    if (count > 0) sent += count;
  }
  printf("%ld\n", (long)(sent / seconds));
  return 0;
}

static int load_receive(const char *port, double seconds) {
  struct sockaddr_in own;
  int descriptor = udp_socket(&own, NULL, port);
  if (bind(descriptor, (struct sockaddr *)&own, sizeof own) != 0) {
    perror("bind");
    return 1;
  }
  struct timeval timeout = {0, 100000};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  // The clock starts with the first packet; without one the wait ends ten seconds later.
  double start = 0, give_up = monotonic_seconds() + seconds + 10;
  long received = 0;
  for (;;) {
    int count = recvmmsg(descriptor, batch, batch_count, MSG_WAITFORONE, NULL);
    double now = monotonic_seconds();
    if (count > 0) {
      if (start == 0) start = now;
      received += count;
    }
    if (start > 0 ? now >= start + seconds : now >= give_up) break;
  }
  printf("%ld\n", (long)(received / seconds));
  return 0;
}

int main(int count, char **arguments) {
  if (count == 5 && !strcmp(arguments[1], "send")) return load_send(arguments[2], arguments[3], atof(arguments[4]));
  if (count == 4 && !strcmp(arguments[1], "receive")) return load_receive(arguments[2], atof(arguments[3]));
  fprintf(stderr, "usage: udp-load send ADDRESS PORT SECONDS | udp-load receive PORT SECONDS\n");
  return 2;
}

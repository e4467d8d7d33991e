// What packet ports need of Linux: packet sockets with a mapped ring, taps, virtio's header, and the calls that
// move many messages at once.
#ifndef CLINUX_PORTS_H
#define CLINUX_PORTS_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// `struct mmsghdr`, which the headers show only under _GNU_SOURCE.
struct apus_message {
  struct msghdr header;
  unsigned int length;
};
static inline int apus_send_messages(int fd, struct apus_message *messages, unsigned int count) {
  return (int)syscall(SYS_sendmmsg, fd, messages, count, MSG_DONTWAIT);
}

// A frame's status word in a mapped ring, which the kernel writes on another processor.
static inline uint32_t apus_load_acquire(const void *word) {
  return __atomic_load_n((const uint32_t *)word, __ATOMIC_ACQUIRE);
}
static inline void apus_store_release(void *word, uint32_t value) {
  __atomic_store_n((uint32_t *)word, value, __ATOMIC_RELEASE);
}

// Requests about a device by its name; a name that does not fit is no device.
static inline int apus_device_request(const char *name, unsigned long request, struct ifreq *argument) {
  if (strlen(name) >= IFNAMSIZ) {
    errno = ENODEV;
    return -1;
  }
  strcpy(argument->ifr_name, name);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int result = ioctl(fd, request, argument);
  int error = errno;
  close(fd);
  errno = error;
  return result;
}
static inline int apus_device_index(const char *name) {
  struct ifreq argument = {0};
  return apus_device_request(name, SIOCGIFINDEX, &argument) < 0 ? -1 : argument.ifr_ifindex;
}
static inline int apus_device_flags(const char *name) {
  struct ifreq argument = {0};
  return apus_device_request(name, SIOCGIFFLAGS, &argument) < 0 ? -1 : (unsigned short)argument.ifr_flags;
}
static inline int apus_device_set_flags(const char *name, int flags) {
  struct ifreq argument = {.ifr_flags = (short)flags};
  return apus_device_request(name, SIOCSIFFLAGS, &argument);
}
static inline int apus_device_set_mtu(const char *name, int mtu) {
  struct ifreq argument = {.ifr_mtu = mtu};
  return apus_device_request(name, SIOCSIFMTU, &argument);
}
static inline int apus_device_set_address(const char *name, const uint8_t *address) {
  struct ifreq argument = {.ifr_hwaddr = {.sa_family = ARPHRD_ETHER}};
  memcpy(argument.ifr_hwaddr.sa_data, address, 6);
  return apus_device_request(name, SIOCSIFHWADDR, &argument);
}
static inline int apus_device_ethtool(const char *name, void *data) {
  struct ifreq argument = {.ifr_data = data};
  return apus_device_request(name, SIOCETHTOOL, &argument);
}

// Makes an open `/dev/net/tun` into a tap whose packets have virtio's header before them.
static inline int apus_make_tap(int fd, const char *name) {
  struct ifreq argument = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
  if (strlen(name) >= IFNAMSIZ) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(argument.ifr_name, name);
  if (ioctl(fd, TUNSETIFF, &argument) < 0) return -1;
  // Checksums and segments may be left undone on the way from the host's stack to us. Older kernels know fewer.
  if (ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) < 0) ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM);
  return 0;
}

// Binds a packet socket to a device; the protocol decides what it receives.
static inline int apus_bind_packet(int fd, int index, uint16_t protocol) {
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = index};
  return bind(fd, (struct sockaddr *)&address, sizeof address);
}

// Binds a route socket to groups of notices.
static inline int apus_bind_route(int fd, uint32_t groups) {
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
  return bind(fd, (struct sockaddr *)&address, sizeof address);
}

#endif

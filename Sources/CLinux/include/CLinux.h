// Linux structures and constants that Swift's Glibc module does not import, and the macros that Swift
// cannot see, as inline functions. No logic lives here.
#ifndef CLINUX_H
#define CLINUX_H

#include "CLinuxPorts.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// `fcntl` and `open` are variadic, which Swift does not import.
static inline int apus_set_lock(int fd, struct flock *lock) { return fcntl(fd, F_SETLK, lock); }
static inline int apus_get_lock(int fd, struct flock *lock) { return fcntl(fd, F_GETLK, lock); }
static inline int apus_close_on_exec(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC); }
static inline int apus_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

// GNU extensions, which the headers show only to whoever defines _GNU_SOURCE before the first of them.
extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
static inline int apus_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }
static inline int apus_open_path(const char *path) {
  return open(path, 010000000 /* O_PATH */ | O_DIRECTORY | O_CLOEXEC);
}

// `epoll_event` holds a union with a pointer in it; these deal in numbers.
static inline int apus_epoll_set(int epoll, int operation, int fd, uint32_t events, uint64_t number) {
  struct epoll_event event = {.events = events, .data.u64 = number};
  return epoll_ctl(epoll, operation, fd, &event);
}
struct apus_ready {
  uint64_t number;
  uint32_t events;
};
// Fills at most `capacity` (up to 128) entries.
static inline int apus_epoll_wait(int epoll, struct apus_ready *ready, int capacity, int timeout) {
  struct epoll_event events[128];
  int count = epoll_wait(epoll, events, capacity < 128 ? capacity : 128, timeout);
  for (int index = 0; index < count; index++) {
    ready[index].number = events[index].data.u64;
    ready[index].events = events[index].events;
  }
  return count;
}

// The wait status macros.
static inline int apus_exited(int status) { return WIFEXITED(status); }
static inline int apus_exit_status(int status) { return WEXITSTATUS(status); }
static inline int apus_signaled(int status) { return WIFSIGNALED(status); }
static inline int apus_term_signal(int status) { return WTERMSIG(status); }

// Swift refuses `fork`, because code after it in a threaded process is hazardous. The daemon calls it before
// it starts any thread.
static inline pid_t apus_fork(void) { return fork(); }

#endif

/* Without _GNU_SOURCE: with it, struct fd_set differs from the one in Swift's Glibc module. */
#include <malloc.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int pthread_setname_np(pthread_t, const char *);

/* errno is a macro: Swift does not import it. */
static inline int linux_errno(void) { return errno; }
static inline int linux_bind(int fd, const struct sockaddr *address, socklen_t length) { return bind(fd, address, length); }
static inline int linux_connect(int fd, const struct sockaddr *address, socklen_t length) { return connect(fd, address, length); }
static inline int linux_getsockname(int fd, struct sockaddr *address, socklen_t *length) { return getsockname(fd, address, length); }
static inline int linux_accept(int fd, struct sockaddr *address, socklen_t *length) {
  return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
static inline int linux_stream_socket(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }
static inline int linux_close(int fd) { return close(fd); }

/* Bytes that were freed and that the allocator keeps, in all its arenas. */
static inline size_t linux_idle_heap_bytes(void) { return mallinfo2().fordblks; }

/* Two entry points of Swift's concurrency runtime that compiled Swift code itself calls (for withUnsafeCurrentTask and Task.isCancelled).
   The Swift types around them are resilient: copying one costs more than asking. */
extern const void *swift_task_getCurrent(void);
extern _Bool swift_task_isCancelled(const void *task);

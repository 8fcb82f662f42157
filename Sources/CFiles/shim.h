// File calls that glibc declares only for _GNU_SOURCE, or that are variadic and so cannot be called from Swift.
// They are declared here rather than by defining _GNU_SOURCE: the headers may already be part of another module.
#ifndef JETTY_CFILES_SHIM_H
#define JETTY_CFILES_SHIM_H
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <unistd.h>

extern int fallocate(int fd, int mode, off_t offset, off_t length);
extern int sync_file_range(int fd, off_t offset, off_t length, unsigned int flags);
extern ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t length, unsigned int flags);

/// Reserves room without changing the file's size. 0, or the errno.
static inline int cfiles_reserve(int fd, int64_t offset, int64_t length) {
  return fallocate(fd, 1 /* FALLOC_FL_KEEP_SIZE */, offset, length) == 0 ? 0 : errno;
}

/// Starts writing dirty pages out and does not wait. Advice: no result.
static inline void cfiles_start_writeback(int fd, int64_t offset, int64_t length) {
  (void)sync_file_range(fd, offset, length, 2 /* SYNC_FILE_RANGE_WRITE */);
}

static inline ssize_t cfiles_copy_range(int from, int64_t from_offset, int to, int64_t to_offset, size_t length) {
  off_t source = from_offset, target = to_offset;
  return copy_file_range(from, &source, to, &target, length, 0);
}

/// An open-file-description lock on a byte range (length 0: to the end of all files). It belongs to the descriptor, not to the
/// process, and goes with it. 0, or the errno; EAGAIN where someone else holds it and `wait` is 0.
static inline int cfiles_lock(int fd, int64_t offset, int64_t length, int wait) {
  struct flock lock = {0};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = offset;
  lock.l_len = length;
  return fcntl(fd, wait ? 38 /* F_OFD_SETLKW */ : 37 /* F_OFD_SETLK */, &lock) == 0 ? 0 : errno;
}

/// The same, given back.
static inline int cfiles_unlock(int fd, int64_t offset, int64_t length) {
  struct flock lock = {0};
  lock.l_type = F_UNLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = offset;
  lock.l_len = length;
  return fcntl(fd, 37, &lock) == 0 ? 0 : errno;
}
#endif

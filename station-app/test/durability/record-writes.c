/*
 * LD_PRELOAD: writes down what a process asks of the disk, in order, for the files of one folder.
 *
 *   RECORD_FOLDER  only files in it (absolute, without symbolic links)
 *   RECORD_LOG     where the record goes: entries of kind, path length, offset, data length, path, data
 *   RECORD_FULL    while a file of this name exists, no byte in the folder can be written: ENOSPC, overwriting too, as where
 *                  files are copied on write
 *   RECORD_BROKEN  while a file of this name exists, every sync fails: EIO
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE = 1, TRUNCATE = 2, UNLINK = 3, SYNC = 4 };
struct entry {
  uint32_t kind, path_length;
  uint64_t offset, data_length;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_unlink)(const char *);

__attribute__((constructor)) static void begin(void) {
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  const char *log = getenv("RECORD_LOG");
  if (log) log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int in_folder(const char *path) {
  const char *folder = getenv("RECORD_FOLDER");
  size_t length = folder ? strlen(folder) : 0;
  return log_fd >= 0 && length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* The name as it was when the file was opened; a deleted file has lost it and is of no interest. */
static int path_of(int fd, char *path) {
  int error = errno;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  errno = error;
  if (length <= 0) return 0;
  path[length] = 0;
  return in_folder(path);
}

static int is_set(const char *name) {
  int error = errno;
  const char *path = getenv(name);
  int set = path && access(path, F_OK) == 0;
  errno = error;
  return set;
}

static void note(enum kind kind, const char *path, uint64_t offset, const void *data, uint64_t data_length) {
  struct entry entry = {kind, (uint32_t)strlen(path), offset, data_length};
  struct iovec parts[3] = {{&entry, sizeof entry}, {(void *)path, entry.path_length}, {(void *)data, data_length}};
  int error = errno;
  ssize_t length = (ssize_t)(sizeof entry + entry.path_length + data_length);
  if (writev(log_fd, parts, 3) != length) abort();
  errno = error;
}

/* The lock makes the order in the record the order of the calls. */
ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return real_pwrite(fd, data, length, offset);
  if (is_set("RECORD_FULL")) return errno = ENOSPC, -1;
  pthread_mutex_lock(&lock);
  ssize_t written = real_pwrite(fd, data, length, offset);
  if (written > 0) note(WRITE, path, (uint64_t)offset, data, (uint64_t)written);
  pthread_mutex_unlock(&lock);
  return written;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }

ssize_t write(int fd, const void *data, size_t length) {
  char path[PATH_MAX];
  if (fd == log_fd || !path_of(fd, path)) return real_write(fd, data, length);
  pthread_mutex_lock(&lock);
  ssize_t written = real_write(fd, data, length);
  if (written > 0) note(WRITE, path, (uint64_t)(lseek(fd, 0, SEEK_CUR) - written), data, (uint64_t)written);
  pthread_mutex_unlock(&lock);
  return written;
}

int ftruncate64(int fd, off_t size) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return real_ftruncate(fd, size);
  pthread_mutex_lock(&lock);
  int result = real_ftruncate(fd, size);
  if (result == 0) note(TRUNCATE, path, (uint64_t)size, "", 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int unlink(const char *path) {
  pthread_mutex_lock(&lock);
  int result = real_unlink(path);
  if (result == 0 && in_folder(path)) note(UNLINK, path, 0, "", 0);
  pthread_mutex_unlock(&lock);
  return result;
}

/* Noted after it returned: what was written meanwhile by another thread is not promised. */
static int sync_with(int (*real)(int), int fd) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return real(fd);
  if (is_set("RECORD_BROKEN")) return errno = EIO, -1;
  pthread_mutex_lock(&lock);
  int result = real(fd);
  if (result == 0) note(SYNC, path, 0, "", 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int fsync(int fd) { return sync_with(real_fsync, fd); }
int fdatasync(int fd) { return sync_with(real_fdatasync, fd); }

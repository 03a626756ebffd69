/*
 * LD_PRELOAD: keeps beside a folder what a disk would surely still hold of it after a power cut, and lets syncs fail.
 *
 *   SYNC_FOLDER  only files below it (absolute, without symbolic links)
 *   SYNC_SHADOW  the same tree with each file as it was at its last sync; NAME~before is what NAME held before a rename
 *                that its folder's sync has not made certain yet, NAME~linked a name given by link() likewise
 *   SYNC_FAIL    while this file exists it holds n: the n-th sync from then on fails with EIO, and the file goes
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_link)(const char *, const char *);

__attribute__((constructor)) static void begin(void) {
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_rename = dlsym(RTLD_NEXT, "rename");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  real_link = dlsym(RTLD_NEXT, "link");
}

/* Where the shadow of a path lies; 0 for what is not in the folder. */
static int shadow_of(const char *path, char *shadow) {
  const char *folder = getenv("SYNC_FOLDER"), *home = getenv("SYNC_SHADOW");
  if (!folder || !home) return 0;
  size_t length = strlen(folder);
  if (strncmp(path, folder, length) != 0 || (path[length] != '/' && path[length] != 0)) return 0;
  return snprintf(shadow, PATH_MAX, "%s%s", home, path + length) < PATH_MAX;
}

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return 1;
}

static void make_parents(char *path) {
  for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
    *at = 0;
    mkdir(path, 0700);
    *at = '/';
  }
}

/* By way of another name: whoever kills this process in the middle must not find half a file. */
static void copy(const char *from, char *to) {
  char half[PATH_MAX + 8], buffer[65536];
  make_parents(to);
  snprintf(half, sizeof half, "%s~half", to);
  int in = open(from, O_RDONLY | O_CLOEXEC), out = open(half, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  ssize_t length = 0;
  while (in >= 0 && out >= 0 && (length = read(in, buffer, sizeof buffer)) > 0)
    if (write(out, buffer, (size_t)length) != length) abort();
  if (in >= 0) close(in);
  if (out >= 0) close(out);
  real_rename(half, to);
}

static int ends_with(const char *name, const char *end) {
  size_t length = strlen(name), ending = strlen(end);
  return length > ending && strcmp(name + length - ending, end) == 0;
}

/* The folder is synced: its names are what they are. */
static void settle_names(const char *folder) {
  DIR *entries = opendir(folder);
  if (!entries) return;
  for (struct dirent *entry; (entry = readdir(entries));) {
    char path[PATH_MAX * 2], name[PATH_MAX * 2];
    int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (ends_with(path, "~before")) real_unlink(path);
    if (!ends_with(path, "~linked")) continue;
    snprintf(name, sizeof name, "%.*s", length - (int)strlen("~linked"), path);
    real_rename(path, name);
  }
  closedir(entries);
}

static int fails_now(void) {
  static long left = 0;
  const char *path = getenv("SYNC_FAIL");
  FILE *file = path ? fopen(path, "r") : 0;
  if (!file) return left = 0;
  if (left == 0 && fscanf(file, "%ld", &left) != 1) left = 1;
  fclose(file);
  if (--left > 0) return 0;
  real_unlink(path);
  return 1;
}

static int sync_with(int (*real)(int), int fd) {
  char path[PATH_MAX], shadow[PATH_MAX];
  struct stat found;
  if (!path_of(fd, path) || !shadow_of(path, shadow)) return real(fd);
  pthread_mutex_lock(&lock);
  int failed = fails_now(), error = EIO, result = failed ? -1 : real(fd);
  if (!failed) error = errno;
  if (result == 0 && fstat(fd, &found) == 0) {
    if (S_ISDIR(found.st_mode)) settle_names(shadow);
    else copy(path, shadow);
  }
  pthread_mutex_unlock(&lock);
  return errno = error, result;
}

int fsync(int fd) { return sync_with(real_fsync, fd); }
int fdatasync(int fd) { return sync_with(real_fdatasync, fd); }

/* A file that was never synced has no shadow, and then its new name has none either. */
int rename(const char *from, const char *to) {
  char old[PATH_MAX], new[PATH_MAX], before[PATH_MAX + 8];
  pthread_mutex_lock(&lock);
  int result = real_rename(from, to), error = errno;
  if (result == 0 && shadow_of(from, old) && shadow_of(to, new)) {
    make_parents(new);
    snprintf(before, sizeof before, "%s~before", new);
    real_rename(new, before);
    real_rename(old, new);
  }
  pthread_mutex_unlock(&lock);
  return errno = error, result;
}

int link(const char *from, const char *to) {
  char old[PATH_MAX], new[PATH_MAX], linked[PATH_MAX + 8];
  pthread_mutex_lock(&lock);
  int result = real_link(from, to), error = errno;
  if (result == 0 && shadow_of(from, old) && shadow_of(to, new)) {
    make_parents(new);
    snprintf(linked, sizeof linked, "%s~linked", new);
    real_link(old, linked);
  }
  pthread_mutex_unlock(&lock);
  return errno = error, result;
}

int unlink(const char *path) {
  char shadow[PATH_MAX];
  int result = real_unlink(path), error = errno;
  if (result == 0 && shadow_of(path, shadow)) real_unlink(shadow);
  return errno = error, result;
}

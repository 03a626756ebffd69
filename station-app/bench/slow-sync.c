/* Delays every fsync and fdatasync of a process by 100 ms: gcc -shared -fPIC -o slow-sync.so slow-sync.c -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

static int delayed(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  usleep(100000);
  return real(fd);
}

int fsync(int fd) { return delayed("fsync", fd); }
int fdatasync(int fd) { return delayed("fdatasync", fd); }

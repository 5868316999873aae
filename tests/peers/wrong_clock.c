/* Preloaded into the gateway: a computer whose wall clock is wrong, and a kernel that is not
 * synchronised until told so. The file that the variable WRONG_CLOCK names has two numbers: seconds
 * that are added to the wall clock, and 1 for a kernel that is synchronised. In the folder that
 * COMPUTER_FILES names, boot_id is the start of the computer, available_clocksource says whether it
 * is a virtual one, and rtc has its battery clocks. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static void look(long *shift, int *synchronised) {
  const char *path = getenv("WRONG_CLOCK");
  FILE *file = path ? fopen(path, "re") : NULL;
  *shift = 0;
  *synchronised = 0;
  if (!file) return;
  if (fscanf(file, "%ld %d", shift, synchronised) != 2) *synchronised = 0;
  fclose(file);
}

int clock_gettime(clockid_t id, struct timespec *t) {
  int result = (int)syscall(SYS_clock_gettime, id, t);
  if (result == 0 && id == CLOCK_REALTIME) {
    long shift;
    int synchronised;
    look(&shift, &synchronised);
    t->tv_sec += shift;
  }
  return result;
}

int adjtimex(struct timex *state) {
  long shift;
  int synchronised;
  look(&shift, &synchronised);
  memset(state, 0, sizeof *state);
  state->maxerror = 1000;
  return synchronised ? TIME_OK : TIME_ERROR;
}

/* The file of another computer in place of ours; the path itself for all others. */
static const char *moved(const char *path, char *other, size_t size) {
  static const char *const ours[][2] = {
    {"/proc/sys/kernel/random/boot_id", "boot_id"},
    {"/sys/devices/system/clocksource/clocksource0/available_clocksource", "available_clocksource"},
    {"/sys/class/rtc", "rtc"},
  };
  const char *folder = getenv("COMPUTER_FILES");
  for (size_t i = 0; folder && i < sizeof ours / sizeof *ours; i++) {
    size_t length = strlen(ours[i][0]);
    if (strncmp(path, ours[i][0], length) != 0) continue;
    if (path[length] != 0 && path[length] != '/') continue;
    snprintf(other, size, "%s/%s%s", folder, ours[i][1], path + length);
    return other;
  }
  return path;
}

int open64(const char *path, int flags, ...) {
  static int (*real)(const char *, int, ...);
  if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  char other[4096];
  return real(moved(path, other, sizeof other), flags, mode);
}

DIR *opendir(const char *path) {
  static DIR *(*real)(const char *);
  if (!real) real = (DIR *(*)(const char *))dlsym(RTLD_NEXT, "opendir");
  char other[4096];
  return real(moved(path, other, sizeof other));
}

/* Preloaded into the gateway: a computer whose wall clock is wrong, and a kernel that is not
 * synchronised until told so. The file that the variable WRONG_CLOCK names has two numbers: seconds
 * that are added to the wall clock, and 1 for a kernel that is synchronised. */
#define _GNU_SOURCE
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

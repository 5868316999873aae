/* A serial line with Modbus slaves on it, paced as 8N1 at a baud rate: a pty whose far end lets
 * each byte take its 10 bits. Prints the pty's path; when its stdin ends, one line of what it saw:
 *   requests N early E seconds S busy B
 * `early`: requests that began before 3.5 characters of silence had passed since the last answer.
 * Usage: line BAUD; every unit answers function 3 with what holds its own address. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static long long char_ns;
static long long requests, early, busy, first, last_end;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sleep_until(long long at) {
  struct timespec t = {at / 1000000000LL, at % 1000000000LL};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static uint16_t crc(const uint8_t *bytes, int count) {
  uint16_t sum = 0xFFFF;
  for (int i = 0; i < count; i++) {
    sum ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) sum = sum & 1 ? sum >> 1 ^ 0xA001 : sum >> 1;
  }
  return sum;
}

static int answer(const uint8_t *asked, uint8_t *said) {
  int words = asked[4] << 8 | asked[5], n = 0;
  said[n++] = asked[0], said[n++] = 3, said[n++] = 2 * words;
  for (int i = 0; i < words; i++) said[n++] = 0, said[n++] = asked[0];
  uint16_t sum = crc(said, n);
  said[n++] = sum & 0xFF, said[n++] = sum >> 8;
  return n;
}

/* A request that began to arrive at `start` fills the wire for its own length; the slave then keeps
 * 3.5 characters of silence, and its answer fills the wire byte by byte. */
static void serve(int line, const uint8_t *asked, long long start) {
  uint8_t said[256];
  if (crc(asked, 8) || asked[1] != 3 || asked[5] > 125) return;
  if (!requests++) first = start;
  if (last_end && start - last_end < char_ns * 7 / 2) early++;
  int n = answer(asked, said);
  long long at = start + 8 * char_ns + char_ns * 7 / 2;
  for (int i = 0; i < n; i++) {
    at += char_ns;
    sleep_until(at);
    last_end = now(); /* before the write: who reads the byte cannot have seen it earlier */
    if (write(line, said + i, 1) != 1) exit(1);
  }
  busy += (8 + n) * char_ns;
}

int main(int count, char **arg) {
  if (count != 2) return 2;
  char_ns = 10000000000LL / atoi(arg[1]);
  int line = posix_openpt(O_RDWR | O_NOCTTY);
  if (line < 0 || grantpt(line) || unlockpt(line)) return 1;
  int keep = open(ptsname(line), O_RDWR | O_NOCTTY); /* so that the line outlives its readers */
  struct termios raw;
  tcgetattr(keep, &raw);
  cfmakeraw(&raw);
  tcsetattr(keep, TCSANOW, &raw);
  puts(ptsname(line));
  fflush(stdout);
  struct pollfd from[2] = {{.fd = line, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  uint8_t asked[256];
  int have = 0;
  long long start = 0;
  for (;;) {
    int ready = poll(from, 2, have ? 20 : -1);
    if (ready == 0) have = 0; /* half a request and silence */
    if (from[1].revents) break;
    if (!(from[0].revents & POLLIN)) continue;
    if (!have) start = now();
    int got = read(line, asked + have, sizeof asked - have);
    if (got <= 0) break;
    have += got;
    if (have >= 8) serve(line, asked, start), have = 0;
  }
  double seconds = (last_end - first) / 1e9;
  printf("requests %lld early %lld seconds %.3f busy %.3f\n", requests, early, seconds, busy / 1e9);
  return 0;
}

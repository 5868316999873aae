/* Prints what an MQTT broker says and when, for tests and benches: one line a message,
 *   M <ns since 1970> <topic> <payload>
 * and, when a folder is given, one line for each write to a file in it:
 *   W <ns since 1970>
 * Usage: subscriber PORT TOPIC QOS [FOLDER]. Prints "ready" once subscribed; ends with stdin. */
#include <mosquitto.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void on_message(struct mosquitto *m, void *x, const struct mosquitto_message *said) {
  (void)m, (void)x;
  printf("M %lld %s %.*s\n", now(), said->topic, said->payloadlen, (char *)said->payload);
  fflush(stdout);
}

static void on_subscribe(struct mosquitto *m, void *x, int id, int n, const int *qos) {
  (void)m, (void)x, (void)id, (void)n, (void)qos;
  puts("ready");
  fflush(stdout);
}

static void on_connect(struct mosquitto *m, void *x, int code) {
  char **arg = x;
  if (code == 0) mosquitto_subscribe(m, NULL, arg[2], atoi(arg[3]));
}

int main(int count, char **arg) {
  if (count < 4) return 2;
  mosquitto_lib_init();
  struct mosquitto *m = mosquitto_new(NULL, true, arg);
  mosquitto_message_callback_set(m, on_message);
  mosquitto_subscribe_callback_set(m, on_subscribe);
  mosquitto_connect_callback_set(m, on_connect);
  if (mosquitto_connect(m, "127.0.0.1", atoi(arg[1]), 60) != MOSQ_ERR_SUCCESS) return 1;
  if (mosquitto_loop_start(m) != MOSQ_ERR_SUCCESS) return 1;
  int watch = inotify_init();
  if (count > 4 && inotify_add_watch(watch, arg[4], IN_MODIFY) < 0) return 1;
  struct pollfd from[2] = {{.fd = watch, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  char events[4096];
  while (poll(from, 2, -1) > 0) {
    if (from[0].revents) {
      long long at = now();
      if (read(watch, events, sizeof events) <= 0) break;
      printf("W %lld\n", at);
      fflush(stdout);
    }
    if (from[1].revents && read(0, events, sizeof events) <= 0) break;
  }
  return 0;
}

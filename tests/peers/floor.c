/* The least that reads Modbus TCP devices and publishes them: libmodbus and libmosquitto, without
 * journal, configuration or reconnection. The bench compares pantau with it.
 * Usage: floor BROKER_PORT DEVICE_PORT... ; each device: 50 f32 from holding 0, every second. */
#include <errno.h>
#include <modbus.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POINTS = 50, DEVICES_MAX = 400 };

static void publish(struct mosquitto *m, int device, const uint16_t *words, struct timespec slot) {
  static char text[8192];
  char topic[64], at[32];
  snprintf(topic, sizeof topic, "pantau/floor/d%d", device);
  strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime(&slot.tv_sec));
  int n = snprintf(text, sizeof text, "{\"t\":\"%s\",\"seq\":0,\"v\":{", at);
  for (int i = 0; i < POINTS; i++) {
    float value = modbus_get_float_abcd(words + 2 * i);
    n += snprintf(text + n, sizeof text - n, "%s\"p%d\":%.9g", i ? "," : "", i, value);
  }
  n += snprintf(text + n, sizeof text - n, "}}");
  mosquitto_publish(m, NULL, topic, n, text, 1, false);
}

static double left(struct timespec until) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (until.tv_sec - now.tv_sec) + (until.tv_nsec - now.tv_nsec) / 1e9;
}

int main(int count, char **arg) {
  static modbus_t *device[DEVICES_MAX];
  int devices = count - 2;
  if (devices < 1 || devices > DEVICES_MAX) return 2;
  mosquitto_lib_init();
  struct mosquitto *m = mosquitto_new(NULL, true, NULL);
  mosquitto_max_inflight_messages_set(m, 100);
  if (mosquitto_connect(m, "127.0.0.1", atoi(arg[1]), 60) != MOSQ_ERR_SUCCESS) return 1;
  for (int i = 0; i < devices; i++) {
    device[i] = modbus_new_tcp("127.0.0.1", atoi(arg[i + 2]));
    modbus_set_slave(device[i], 1);
    modbus_set_response_timeout(device[i], 0, 500000);
    if (modbus_connect(device[i]) < 0) fprintf(stderr, "floor: %s\n", modbus_strerror(errno));
  }
  struct timespec slot;
  clock_gettime(CLOCK_REALTIME, &slot);
  slot.tv_nsec = 0;
  for (;;) {
    slot.tv_sec++;
    for (double wait; (wait = left(slot)) > 0;) {
      if (mosquitto_loop(m, wait > 0.001 ? (int)(wait * 1000) : 1, 1)) return 1;
    }
    for (int i = 0; i < devices; i++) {
      uint16_t words[2 * POINTS];
      if (modbus_read_registers(device[i], 0, 2 * POINTS, words) == 2 * POINTS) {
        publish(m, i, words, slot);
      }
    }
    while (left(slot) < -1.0) slot.tv_sec++; /* a slot that has passed is a missed one */
  }
}

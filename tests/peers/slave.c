/* A Modbus slave on libmodbus: unit 1, with the registers of an image file.
 * Usage: slave IMAGE tcp | slave IMAGE rtu PATH. Prints "ready PORT" (0 for rtu) and serves for
 * ever. The image: four lines, "coils", "discrete", "holding", "input", each followed by its
 * numbers. */
#include <errno.h>
#include <modbus.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

enum { TABLE_MAX = 2000 };

static modbus_mapping_t *load(const char *path) {
  modbus_mapping_t *map = modbus_mapping_new(TABLE_MAX, TABLE_MAX, TABLE_MAX, TABLE_MAX);
  FILE *file = fopen(path, "r");
  if (!file || !map) exit(1);
  static char line[65536];
  while (fgets(line, sizeof line, file)) {
    char *word = strtok(line, " \n");
    if (!word) continue;
    const char *table = word;
    for (int i = 0; i < TABLE_MAX && (word = strtok(NULL, " \n")); i++) {
      int value = atoi(word);
      if (!strcmp(table, "coils")) map->tab_bits[i] = value;
      if (!strcmp(table, "discrete")) map->tab_input_bits[i] = value;
      if (!strcmp(table, "holding")) map->tab_registers[i] = value;
      if (!strcmp(table, "input")) map->tab_input_registers[i] = value;
    }
  }
  fclose(file);
  return map;
}

static void ready(int port) {
  printf("ready %d\n", port);
  fflush(stdout);
}

static int answer(modbus_t *slave, modbus_mapping_t *map) {
  uint8_t asked[MODBUS_TCP_MAX_ADU_LENGTH];
  int got = modbus_receive(slave, asked);
  if (got > 0) return modbus_reply(slave, asked, got, map);
  return got;
}

static void serve_tcp(modbus_t *slave, modbus_mapping_t *map) {
  int listener = modbus_tcp_listen(slave, 8);
  if (listener < 0) exit(1);
  struct sockaddr_in at;
  socklen_t size = sizeof at;
  getsockname(listener, (struct sockaddr *)&at, &size);
  ready(ntohs(at.sin_port));
  fd_set all;
  FD_ZERO(&all);
  FD_SET(listener, &all);
  for (;;) {
    fd_set some = all;
    if (select(FD_SETSIZE, &some, NULL, NULL, NULL) < 0) exit(1);
    for (int fd = 0; fd < FD_SETSIZE; fd++) {
      if (!FD_ISSET(fd, &some)) continue;
      if (fd == listener) {
        int one = accept(listener, NULL, NULL);
        if (one >= 0) FD_SET(one, &all);
        continue;
      }
      modbus_set_socket(slave, fd);
      if (answer(slave, map) < 0) FD_CLR(fd, &all), close(fd);
    }
  }
}

int main(int count, char **arg) {
  if (count < 3) return 2;
  modbus_mapping_t *map = load(arg[1]);
  if (!strcmp(arg[2], "tcp")) serve_tcp(modbus_new_tcp("127.0.0.1", 0), map);
  if (count < 4) return 2;
  modbus_t *slave = modbus_new_rtu(arg[3], 19200, 'N', 8, 1);
  modbus_set_slave(slave, 1);
  if (modbus_connect(slave) < 0) {
    fprintf(stderr, "%s: %s\n", arg[3], modbus_strerror(errno));
    return 1;
  }
  ready(0);
  for (;;) answer(slave, map);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * transfer BUS ADDRESS BYTES [COUNT]: one plain I2C transfer (I2C_RDWR) that writes BYTES, given
 * in hexadecimal digits ("-": none), and then reads COUNT bytes, which it prints.
 */
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

int main(int count, char **words)
{
	unsigned char sent[32], answer[32];
	struct i2c_msg messages[2];
	struct i2c_rdwr_ioctl_data transfer = { messages, 0 };
	unsigned int at, wanted = count > 4 ? atoi(words[4]) : 0;
	int address, bus;

	if (count < 4 || wanted > sizeof(answer) || strlen(words[3]) > 2 * sizeof(sent)) {
		fprintf(stderr, "usage: transfer BUS ADDRESS BYTES [COUNT]\n");
		return 2;
	}
	bus = open(words[1], O_RDWR);
	address = strtol(words[2], NULL, 0);
	if (strcmp(words[3], "-")) {
		for (at = 0; 2 * at < strlen(words[3]); at++)
			sscanf(words[3] + 2 * at, "%2hhx", &sent[at]);
		messages[transfer.nmsgs++] = (struct i2c_msg){ address, 0, at, sent };
	}
	if (wanted)
		messages[transfer.nmsgs++] = (struct i2c_msg){ address, I2C_M_RD, wanted, answer };
	if (bus < 0 || ioctl(bus, I2C_RDWR, &transfer) < 0) {
		perror("transfer");
		return 1;
	}
	for (at = 0; at < wanted; at++)
		printf("%02x", answer[at]);
	printf("\n");
	return 0;
}

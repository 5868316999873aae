// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * edges CHIP LINE COUNT SECONDS: takes a line, and counts its rising edges until COUNT are there or
 * the time is over. Prints how many events were read, and the number of the last edge.
 */
#include <fcntl.h>
#include <linux/gpio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **words)
{
	struct gpio_v2_line_request request = { .num_lines = 1 };
	struct gpio_v2_line_event event;
	unsigned int wanted, last = 0, events = 0;
	time_t end;
	int chip;

	if (count != 5) {
		fprintf(stderr, "usage: edges CHIP LINE COUNT SECONDS\n");
		return 2;
	}
	chip = open(words[1], O_RDWR);
	request.offsets[0] = atoi(words[2]);
	wanted = atoi(words[3]);
	end = time(NULL) + atoi(words[4]);
	strcpy(request.consumer, "edges");
	request.config.flags = GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING;
	if (chip < 0 || ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0) {
		perror(words[1]);
		return 1;
	}
	while (last < wanted && time(NULL) < end) {
		struct pollfd ready = { .fd = request.fd, .events = POLLIN };

		if (poll(&ready, 1, 200) <= 0 || read(request.fd, &event, sizeof(event)) < 0)
			continue;
		events++;
		last = event.line_seqno;
	}
	printf("events %u last %u\n", events, last);
	return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * pulses PULL COUNT RATE: pulls a simulated line up and down COUNT times, RATE times a second.
 *
 * A busy machine must not slow it, since a water meter does not wait either: it has real-time
 * priority. Late pulses follow at up to twice the rate.
 *
 * The time of the machine is that of its instructions, except while it rests. So that pulses come
 * in time on a busy host, a child that takes what is left of the processor keeps it from resting.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void sleep_until(long long moment_ns)
{
	struct timespec moment = { moment_ns / 1000000000, moment_ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL) == EINTR)
		;
}

static void pull(int file, const char *way)
{
	if (pwrite(file, way, strlen(way), 0) < 0) {
		perror("pull");
		exit(1);
	}
}

/* Starts the child that is busy when nobody else is. */
static pid_t keep_busy(void)
{
	struct sched_param priority = { 0 };
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sched_setscheduler(0, SCHED_IDLE, &priority);
	for (;;)
		__asm__ volatile("");
}

int main(int count, char **words)
{
	struct sched_param priority = { .sched_priority = 10 };
	long long start_ns, due_ns, half_ns, earliest_ns;
	long pulse, pulses;
	pid_t child;
	int file;

	if (count != 4) {
		fprintf(stderr, "usage: pulses PULL COUNT RATE\n");
		return 2;
	}
	pulses = atol(words[2]);
	half_ns = 500000000.0 / atof(words[3]);
	file = open(words[1], O_WRONLY);
	if (file < 0) {
		perror(words[1]);
		return 1;
	}
	child = keep_busy();
	sched_setscheduler(0, SCHED_FIFO, &priority);
	start_ns = due_ns = now_ns();
	for (pulse = 0; pulse < 2 * pulses; pulse++) {
		pull(file, pulse % 2 ? "pull-down" : "pull-up");
		due_ns += half_ns;
		earliest_ns = now_ns() + half_ns / 2;
		sleep_until(due_ns < earliest_ns ? earliest_ns : due_ns);
	}
	kill(child, SIGKILL);
	printf("pulses %ld rate %.1f\n", pulses, pulses * 1e9 / (now_ns() - start_ns));
	return 0;
}

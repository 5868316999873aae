// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * A 1-Wire bus with DS18B20 thermometers, for tests of a program that reads them through Linux.
 *
 * The thermometers are simulated bit by bit, as they share one wire: the search for their numbers,
 * their conversion times and their checksums are what the kernel's own drivers expect.
 *
 * /sys/kernel/debug/simulated_w1/control takes lines of the form "SERIAL KEY NUMBER"; SERIAL is the
 * part after "28-" in hexadecimal digits. A serial number that is new adds a thermometer.
 *   a1 present 1              on the bus (0: away)
 *   a1 temperature 21375      thousandths of a degree
 *   a1 wrong_crc 2            the next 2 answers carry a wrong checksum (-1: all)
 *   a1 power_loss 1           the next conversion loses its power: the scratchpad says 85 degrees
 *   0 shorted 1               the whole wire is at ground: every bit reads 0
 * Reading it gives a line for each thermometer.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/w1.h>

#include "control_file.h"

#define THERMOMETERS_MAX 32
#define FAMILY 0x28
/* 85 degrees: what the scratchpad holds after power came. */
#define AFTER_POWER_MILLI 85000

enum wire_state {
	IDLE, /* until the next reset */
	ROM_COMMAND,
	MATCHING,
	SEARCHING,
	FUNCTION_COMMAND,
	SENDING,
	RECEIVING,
	BUSY, /* a conversion: 0 while it lasts */
};

struct thermometer {
	u64 serial;
	u64 rom;
	bool present;
	s64 temperature;
	int wrong_crc, power_loss;

	u8 scratchpad[9];
	bool converting, loses_power;
	s64 ready_ns;

	enum wire_state state;
	unsigned int bit;
	u64 shift;
	u8 sent[9];
	unsigned int sent_bits;
};

static struct thermometer thermometers[THERMOMETERS_MAX];
static int thermometer_count;
static bool shorted;
static DEFINE_MUTEX(wire_lock);

static void store_temperature(struct thermometer *one, s64 milli)
{
	unsigned int unused_bits = 3 - (one->scratchpad[4] >> 5 & 3);
	s16 sixteenths = div_s64(milli * 16, 1000);

	sixteenths &= ~((1 << unused_bits) - 1);
	one->scratchpad[0] = sixteenths & 0xff;
	one->scratchpad[1] = sixteenths >> 8;
}

static void power_up(struct thermometer *one)
{
	static const u8 fresh[8] = { 0x50, 0x05, 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10 };

	memcpy(one->scratchpad, fresh, sizeof(fresh));
	one->converting = false;
}

static void catch_up(struct thermometer *one)
{
	if (!one->converting || ktime_get_ns() < one->ready_ns)
		return;
	one->converting = false;
	if (one->loses_power)
		power_up(one);
	else
		store_temperature(one, one->temperature);
}

static void convert(struct thermometer *one)
{
	/* 93.75 ms at 9 bits, twice as long with each further bit. */
	s64 duration_ns = 93750000LL << (one->scratchpad[4] >> 5 & 3);

	one->converting = true;
	one->loses_power = count_down(&one->power_loss);
	one->ready_ns = ktime_get_ns() + duration_ns;
	one->state = BUSY;
}

static void send(struct thermometer *one, const u8 *bytes, unsigned int count)
{
	memcpy(one->sent, bytes, count);
	one->sent_bits = count * 8;
	one->state = SENDING;
	one->bit = 0;
}

static void send_scratchpad(struct thermometer *one)
{
	u8 bytes[9];

	catch_up(one);
	memcpy(bytes, one->scratchpad, 8);
	bytes[8] = w1_calc_crc8(bytes, 8);
	if (count_down(&one->wrong_crc))
		bytes[8] ^= 0xff;
	send(one, bytes, sizeof(bytes));
}

static void take_rom_command(struct thermometer *one, u8 command)
{
	u8 rom[8];
	int at;

	one->state = IDLE;
	switch (command) {
	case 0x33:
		for (at = 0; at < 8; at++)
			rom[at] = one->rom >> (at * 8);
		send(one, rom, sizeof(rom));
		break;
	case 0x55:
		one->state = MATCHING;
		break;
	case 0xcc:
		one->state = FUNCTION_COMMAND;
		break;
	case 0xf0:
		one->state = SEARCHING;
		break;
	}
}

static void take_function_command(struct thermometer *one, u8 command)
{
	static const u8 ones = 0xff;

	one->state = IDLE;
	switch (command) {
	case 0x44:
		convert(one);
		break;
	case 0xbe:
		send_scratchpad(one);
		break;
	case 0x4e:
		one->state = RECEIVING;
		break;
	case 0xb4: /* with a supply of its own */
	case 0xb8: /* recall, at once complete */
		send(one, &ones, 1);
		break;
	}
}

/* Collects a bit; true when `wanted` bits are there, and then `shift` holds them. */
static bool collect(struct thermometer *one, u8 bit, unsigned int wanted)
{
	if (one->bit == 0)
		one->shift = 0;
	one->shift |= (u64)bit << one->bit;
	if (++one->bit < wanted)
		return false;
	one->bit = 0;
	return true;
}

/* Three slots for each bit of the number: the bit, its complement, the way that the master goes. */
static u8 search_slot(struct thermometer *one, u8 level)
{
	u8 own = one->rom >> (one->bit / 3) & 1;

	switch (one->bit++ % 3) {
	case 0:
		return own;
	case 1:
		return !own;
	}
	if (level != own)
		one->state = IDLE;
	else if (one->bit == 3 * 64)
		one->state = FUNCTION_COMMAND, one->bit = 0;
	return 1;
}

/* One time slot: `level` is what the master wrote; returns what this thermometer lets stand. */
static u8 slot(struct thermometer *one, u8 level)
{
	u8 answer = 1;

	switch (one->state) {
	case IDLE:
		break;
	case ROM_COMMAND:
		if (collect(one, level, 8))
			take_rom_command(one, one->shift);
		break;
	case MATCHING:
		if (collect(one, level, 64))
			one->state = one->shift == one->rom ? FUNCTION_COMMAND : IDLE;
		break;
	case SEARCHING:
		answer = search_slot(one, level);
		break;
	case FUNCTION_COMMAND:
		if (collect(one, level, 8))
			take_function_command(one, one->shift);
		break;
	case SENDING:
		if (one->bit < one->sent_bits)
			answer = one->sent[one->bit / 8] >> (one->bit % 8) & 1;
		one->bit++;
		break;
	case RECEIVING:
		if (collect(one, level, 24)) {
			one->scratchpad[2] = one->shift;
			one->scratchpad[3] = one->shift >> 8;
			one->scratchpad[4] = (one->shift >> 16 & 0x60) | 0x1f;
			one->state = IDLE;
		}
		break;
	case BUSY:
		catch_up(one);
		answer = !one->converting;
		break;
	}
	return answer;
}

static u8 wire_touch(void *unused, u8 level)
{
	u8 answer = level;
	int at;

	mutex_lock(&wire_lock);
	for (at = 0; at < thermometer_count; at++)
		if (thermometers[at].present)
			answer &= slot(&thermometers[at], level);
	if (shorted)
		answer = 0;
	mutex_unlock(&wire_lock);
	return answer;
}

/* 0: something pulled the wire down after the reset. */
static u8 wire_reset(void *unused)
{
	u8 silent = 1;
	int at;

	mutex_lock(&wire_lock);
	for (at = 0; at < thermometer_count; at++) {
		struct thermometer *one = &thermometers[at];

		if (!one->present)
			continue;
		silent = 0;
		one->state = ROM_COMMAND;
		one->bit = 0;
	}
	if (shorted)
		silent = 0;
	mutex_unlock(&wire_lock);
	return silent;
}

static struct w1_bus_master wire_master = {
	.touch_bit = wire_touch,
	.reset_bus = wire_reset,
};

/* The control file. */

static struct thermometer *find_or_add(u64 serial)
{
	struct thermometer *one;
	u8 bytes[7];
	int at;

	for (at = 0; at < thermometer_count; at++)
		if (thermometers[at].serial == serial)
			return &thermometers[at];
	if (thermometer_count == THERMOMETERS_MAX)
		return NULL;
	one = &thermometers[thermometer_count++];
	one->serial = serial;
	one->temperature = 20000;
	bytes[0] = FAMILY;
	for (at = 0; at < 6; at++)
		bytes[1 + at] = serial >> (at * 8);
	one->rom = (u64)w1_calc_crc8(bytes, 7) << 56 | serial << 8 | FAMILY;
	power_up(one);
	return one;
}

static int set_value(u64 serial, const char *key, s64 value)
{
	struct thermometer *one;

	if (!strcmp(key, "shorted")) {
		shorted = value;
		return 0;
	}
	one = find_or_add(serial);
	if (!one)
		return -ENOSPC;
	if (!strcmp(key, "present")) {
		if (value && !one->present)
			power_up(one);
		one->state = IDLE;
		one->present = value;
	} else if (!strcmp(key, "temperature")) {
		one->temperature = value;
	} else if (!strcmp(key, "wrong_crc")) {
		one->wrong_crc = value;
	} else if (!strcmp(key, "power_loss")) {
		one->power_loss = value;
	} else {
		return -EINVAL;
	}
	return 0;
}

static int control_line(const char *line)
{
	char key[16];
	u64 serial;
	s64 value;
	int failed;

	if (sscanf(line, "%llx %15s %lld", &serial, key, &value) < 3 || serial >> 48)
		return -EINVAL;
	mutex_lock(&wire_lock);
	failed = set_value(serial, key, value);
	mutex_unlock(&wire_lock);
	return failed;
}

static int control_show(struct seq_file *out, void *unused)
{
	const struct thermometer *one;

	mutex_lock(&wire_lock);
	for (one = thermometers; one < thermometers + thermometer_count; one++)
		seq_printf(out, "%012llx present %d temperature %lld\n", one->serial, one->present,
			   one->temperature);
	mutex_unlock(&wire_lock);
	return 0;
}

static int __init simulated_w1_init(void)
{
	int failed = w1_add_master_device(&wire_master);

	if (failed)
		return failed;
	make_control_file("simulated_w1");
	return 0;
}

static void __exit simulated_w1_exit(void)
{
	remove_control_file();
	w1_remove_master_device(&wire_master);
}

module_init(simulated_w1_init);
module_exit(simulated_w1_exit);
MODULE_DESCRIPTION("Simulated 1-Wire bus with DS18B20 thermometers");
MODULE_LICENSE("Dual MIT/GPL");

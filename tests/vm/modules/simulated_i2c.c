// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * An I2C bus (/dev/i2c-1) with the chips of a site, for tests of a program that reads them.
 *
 * It takes plain transfers (I2C_RDWR), and its chips behave as their datasheets say: a conversion
 * takes its time, and a chip that is not ready does not acknowledge.
 *
 * /sys/kernel/debug/simulated_i2c/control takes lines of the form "ADDRESS KEY NUMBER [NUMBER]":
 *   0x48 present 0            the chip is away (1: it is there)
 *   0x48 fail 3               the next 3 transfers are not acknowledged (-1: all)
 *   0x48 hang 3               the next 3 transfers end with a time-out
 *   0x44 wrong_crc 2          the next 2 answers carry a wrong checksum (-1: all)
 *   0x48 input 0 1500000      ADS1115 (0x48, 0x49): microvolts at an input
 *   0x44 temperature 23500    SHT3x (0x44, 0x45), SHT2x (0x40), DS3231 (0x68): 0.001 degC
 *   0x44 humidity 55250       SHT3x, SHT2x: thousandths of a per cent
 *   0x68 time 1795276800      DS3231: seconds since 1970, counted on from now
 *   0x68 stopped 1            DS3231: its oscillator stopped, so that its time is wrong
 * Reading it gives a line for each chip: "0x48 present 1 transfers 12 refused 3".
 * At first the SHT31 at 0x44, the SHT21 at 0x40, the ADS1115 at 0x48 and the DS3231 are present.
 */
#include <linux/delay.h>
#include <linux/i2c.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "control_file.h"

#define ADS_INPUTS 4
#define ANSWER_MAX 8
#define RTC_REGISTERS 0x13

struct sim_chip;

/* What a kind of chip does with one message; a negative errno is "not acknowledged". */
struct chip_kind {
	int (*write)(struct sim_chip *chip, const u8 *bytes, int count);
	int (*read)(struct sim_chip *chip, u8 *bytes, int count);
	int (*set)(struct sim_chip *chip, const char *key, s64 first, s64 second);
};

struct sim_chip {
	const struct chip_kind *kind;
	u16 address;
	bool present;
	int fail, hang, wrong_crc;
	unsigned int transfers, refused;

	/* The moment at which a conversion is complete. */
	s64 ready_ns;
	s64 temperature, humidity;

	/* ADS1115. */
	u8 pointer;
	u16 config, low, high;
	s16 converted;
	bool converting;
	s64 input[ADS_INPUTS];

	/* SHT2x and SHT3x. */
	u8 answer[ANSWER_MAX];
	int answer_length;
	bool stretch, periodic;
	u16 status;

	/* DS3231. */
	u8 clock[RTC_REGISTERS];
	s64 ahead_s;
};

static DEFINE_MUTEX(chips_lock);

static u8 sensirion_crc(const u8 *bytes, int count, u8 crc)
{
	int bit;

	while (count--) {
		crc ^= *bytes++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 0x80 ? (crc << 1) ^ 0x31 : crc << 1;
	}
	return crc;
}

/* Appends a word and its checksum to the answer. */
static void answer_word(struct sim_chip *chip, u16 word, u8 crc_start, bool wrong)
{
	u8 *at = chip->answer + chip->answer_length;

	at[0] = word >> 8;
	at[1] = word & 0xff;
	at[2] = sensirion_crc(at, 2, crc_start) ^ (wrong ? 0xff : 0);
	chip->answer_length += 3;
}

static u16 word_of(s64 value)
{
	return clamp_t(s64, value, 0, 0xffff);
}

/* Not ready: wait if the master asked for clock stretching, do not acknowledge otherwise. */
static int await_conversion(struct sim_chip *chip)
{
	s64 left_us = div_s64(chip->ready_ns - ktime_get_ns(), 1000);

	if (left_us <= 0)
		return 0;
	if (!chip->stretch)
		return -EREMOTEIO;
	usleep_range(left_us, left_us + 100);
	return 0;
}

/* ADS1115: four registers behind a pointer. */

static const unsigned int ads_rates[] = { 8, 16, 32, 64, 128, 250, 475, 860 };
static const s64 ads_full_scales_uv[] = {
	6144000, 4096000, 2048000, 1024000, 512000, 256000, 256000, 256000,
};

static s16 ads_code(const struct sim_chip *chip)
{
	static const s8 plus[] = { 0, 0, 1, 2, 0, 1, 2, 3 };
	static const s8 minus[] = { 1, 3, 3, 3, -1, -1, -1, -1 };
	int mux = (chip->config >> 12) & 7;
	s64 full_scale = ads_full_scales_uv[(chip->config >> 9) & 7];
	s64 volts_uv = chip->input[plus[mux]];

	if (minus[mux] >= 0)
		volts_uv -= chip->input[minus[mux]];
	return clamp_t(s64, DIV_S64_ROUND_CLOSEST(volts_uv * 32768, full_scale), -32768, 32767);
}

static void ads_catch_up(struct sim_chip *chip)
{
	bool continuous = !(chip->config & 0x0100);

	if (chip->converting && ktime_get_ns() >= chip->ready_ns) {
		chip->converted = ads_code(chip);
		chip->converting = continuous;
	}
}

static int ads_write(struct sim_chip *chip, const u8 *bytes, int count)
{
	u16 word;

	if (count < 1)
		return 0;
	chip->pointer = bytes[0] & 3;
	if (count < 3)
		return 0;
	ads_catch_up(chip);
	word = bytes[1] << 8 | bytes[2];
	if (chip->pointer == 1) {
		chip->config = word & 0x7fff;
		/* A start, or the continuous mode. */
		if (word & 0x8000 || !(word & 0x0100)) {
			chip->converting = true;
			chip->ready_ns = ktime_get_ns() +
					 NSEC_PER_SEC / ads_rates[(word >> 5) & 7];
		}
	} else if (chip->pointer == 2) {
		chip->low = word;
	} else if (chip->pointer == 3) {
		chip->high = word;
	}
	return 0;
}

static int ads_read(struct sim_chip *chip, u8 *bytes, int count)
{
	u16 word;
	int at;

	ads_catch_up(chip);
	switch (chip->pointer) {
	case 0:
		word = chip->converted;
		break;
	case 1:
		word = chip->config | (chip->converting ? 0 : 0x8000);
		break;
	case 2:
		word = chip->low;
		break;
	default:
		word = chip->high;
	}
	for (at = 0; at < count; at++)
		bytes[at] = at == 0 ? word >> 8 : at == 1 ? word & 0xff : 0xff;
	return 0;
}

static int ads_set(struct sim_chip *chip, const char *key, s64 first, s64 second)
{
	if (strcmp(key, "input") || first < 0 || first >= ADS_INPUTS)
		return -EINVAL;
	chip->input[first] = second;
	return 0;
}

static const struct chip_kind ads1115 = { ads_write, ads_read, ads_set };

/* SHT3x: commands of 16 bits. */

static void sht3x_measure(struct sim_chip *chip, int milliseconds, bool stretch)
{
	bool wrong = count_down(&chip->wrong_crc);
	s64 temperature = div_s64((chip->temperature + 45000) * 65535, 175000);

	chip->answer_length = 0;
	answer_word(chip, word_of(temperature), 0xff, wrong);
	answer_word(chip, word_of(div_s64(chip->humidity * 65535, 100000)), 0xff, wrong);
	chip->ready_ns = ktime_get_ns() + milliseconds * NSEC_PER_MSEC;
	chip->stretch = stretch;
}

static int sht3x_write(struct sim_chip *chip, const u8 *bytes, int count)
{
	u16 command;

	if (count < 2)
		return count ? -EREMOTEIO : 0;
	command = bytes[0] << 8 | bytes[1];
	chip->answer_length = 0;
	switch (command) {
	case 0x2400:
	case 0x240b:
	case 0x2416:
		sht3x_measure(chip, 15, false);
		return 0;
	case 0x2c06:
	case 0x2c0d:
	case 0x2c10:
		sht3x_measure(chip, 15, true);
		return 0;
	case 0xe000:
		if (!chip->periodic)
			return -EREMOTEIO;
		sht3x_measure(chip, 0, false);
		return 0;
	case 0x3093: /* break */
		chip->periodic = false;
		return 0;
	case 0x30a2: /* reset */
		chip->periodic = false;
		chip->status = 0x8010;
		return 0;
	case 0x3041: /* clear the status */
		chip->status = 0;
		return 0;
	case 0x306d: /* heater on, off */
		chip->status |= 0x2000;
		return 0;
	case 0x3066:
		chip->status &= ~0x2000;
		return 0;
	case 0xf32d: /* read the status */
		chip->ready_ns = 0;
		answer_word(chip, chip->status, 0xff, count_down(&chip->wrong_crc));
		return 0;
	case 0x3780: /* serial number */
	case 0x3682:
		chip->ready_ns = 0;
		answer_word(chip, 0x0031, 0xff, false);
		answer_word(chip, chip->address, 0xff, false);
		return 0;
	}
	switch (bytes[0]) {
	case 0x20:
	case 0x21:
	case 0x22:
	case 0x23:
	case 0x27:
		chip->periodic = true;
		return 0;
	}
	return -EREMOTEIO;
}

static int sht_read(struct sim_chip *chip, u8 *bytes, int count)
{
	int at, failed;

	if (!chip->answer_length)
		return -EREMOTEIO;
	failed = await_conversion(chip);
	if (failed)
		return failed;
	for (at = 0; at < count; at++)
		bytes[at] = at < chip->answer_length ? chip->answer[at] : 0xff;
	chip->answer_length = 0;
	return 0;
}

static int sht_set(struct sim_chip *chip, const char *key, s64 first, s64 second)
{
	if (!strcmp(key, "temperature"))
		chip->temperature = first;
	else if (!strcmp(key, "humidity"))
		chip->humidity = first;
	else
		return -EINVAL;
	return 0;
}

static const struct chip_kind sht3x = { sht3x_write, sht_read, sht_set };

/* SHT2x: commands of 8 bits; the two low bits of an answer say what it is. */

static int sht2x_write(struct sim_chip *chip, const u8 *bytes, int count)
{
	bool stretch;
	s64 word;

	if (!count)
		return 0;
	chip->answer_length = 0;
	/* With clock stretching ("hold master"), or without. */
	stretch = bytes[0] == 0xe3 || bytes[0] == 0xe5;
	switch (bytes[0]) {
	case 0xe3:
	case 0xf3:
		word = div_s64((chip->temperature + 46850) * 65536, 175720);
		answer_word(chip, word_of(word) & ~3, 0, count_down(&chip->wrong_crc));
		chip->ready_ns = ktime_get_ns() + 85 * NSEC_PER_MSEC;
		break;
	case 0xe5:
	case 0xf5:
		word = div_s64((chip->humidity + 6000) * 65536, 125000);
		answer_word(chip, (word_of(word) & ~3) | 2, 0, count_down(&chip->wrong_crc));
		chip->ready_ns = ktime_get_ns() + 29 * NSEC_PER_MSEC;
		break;
	case 0xe7:
		chip->answer[chip->answer_length++] = 0x3a;
		chip->ready_ns = 0;
		break;
	case 0xe6:
	case 0xfe:
		break;
	default:
		return -EREMOTEIO;
	}
	chip->stretch = stretch;
	return 0;
}

static const struct chip_kind sht2x = { sht2x_write, sht_read, sht_set };

/* DS3231: 19 registers behind a pointer that moves on. */

static u8 to_bcd(int value)
{
	return value / 10 << 4 | value % 10;
}

static int from_bcd(u8 value)
{
	return (value >> 4) * 10 + (value & 15);
}

static void clock_to_registers(struct sim_chip *chip)
{
	s64 quarters = div_s64(chip->temperature, 250);
	struct tm time;

	time64_to_tm(ktime_get_boottime_seconds() + chip->ahead_s, 0, &time);
	chip->clock[0] = to_bcd(time.tm_sec);
	chip->clock[1] = to_bcd(time.tm_min);
	chip->clock[2] = to_bcd(time.tm_hour);
	chip->clock[3] = time.tm_wday + 1;
	chip->clock[4] = to_bcd(time.tm_mday);
	chip->clock[5] = to_bcd(time.tm_mon + 1) | (time.tm_year >= 200 ? 0x80 : 0);
	chip->clock[6] = to_bcd(time.tm_year % 100);
	chip->clock[0x11] = quarters >> 2;
	chip->clock[0x12] = (quarters & 3) << 6;
}

static void clock_from_registers(struct sim_chip *chip)
{
	const u8 *at = chip->clock;
	int hour = from_bcd(at[2] & 0x3f);

	if (at[2] & 0x40) /* 12 hours, with the half of the day in bit 5 */
		hour = from_bcd(at[2] & 0x1f) % 12 + (at[2] & 0x20 ? 12 : 0);
	chip->ahead_s = mktime64(2000 + from_bcd(at[6]), from_bcd(at[5] & 0x1f), from_bcd(at[4]),
				 hour, from_bcd(at[1]), from_bcd(at[0])) -
			ktime_get_boottime_seconds();
}

static int clock_write(struct sim_chip *chip, const u8 *bytes, int count)
{
	bool sets_time = false;
	int at;

	if (!count)
		return 0;
	chip->pointer = bytes[0] % RTC_REGISTERS;
	clock_to_registers(chip);
	for (at = 1; at < count; at++) {
		sets_time |= chip->pointer <= 6;
		chip->clock[chip->pointer] = bytes[at];
		chip->pointer = (chip->pointer + 1) % RTC_REGISTERS;
	}
	if (sets_time)
		clock_from_registers(chip);
	return 0;
}

static int clock_read(struct sim_chip *chip, u8 *bytes, int count)
{
	clock_to_registers(chip);
	while (count--) {
		*bytes++ = chip->clock[chip->pointer];
		chip->pointer = (chip->pointer + 1) % RTC_REGISTERS;
	}
	return 0;
}

static int clock_set(struct sim_chip *chip, const char *key, s64 first, s64 second)
{
	if (!strcmp(key, "time"))
		chip->ahead_s = first - ktime_get_boottime_seconds();
	else if (!strcmp(key, "temperature"))
		chip->temperature = first;
	else if (!strcmp(key, "stopped"))
		chip->clock[0x0f] = (chip->clock[0x0f] & 0x7f) | (first ? 0x80 : 0);
	else
		return -EINVAL;
	return 0;
}

static const struct chip_kind ds3231 = { clock_write, clock_read, clock_set };

/* The bus. */

#define ADS_AFTER_POWER .config = 0x0583, .low = 0x8000, .high = 0x7fff
#define SHT_AFTER_POWER .temperature = 25000, .humidity = 50000

static struct sim_chip chips[] = {
	{ .kind = &sht2x, .address = 0x40, .present = true, SHT_AFTER_POWER },
	{ .kind = &sht3x, .address = 0x44, .present = true, SHT_AFTER_POWER },
	{ .kind = &sht3x, .address = 0x45, SHT_AFTER_POWER },
	{ .kind = &ads1115, .address = 0x48, .present = true, ADS_AFTER_POWER },
	{ .kind = &ads1115, .address = 0x49, ADS_AFTER_POWER },
	{ .kind = &ds3231, .address = 0x68, .present = true, .temperature = 25000 },
};

static struct sim_chip *find_chip(u16 address)
{
	int at;

	for (at = 0; at < ARRAY_SIZE(chips); at++)
		if (chips[at].address == address)
			return &chips[at];
	return NULL;
}

static int transfer_message(const struct i2c_msg *message)
{
	struct sim_chip *chip = find_chip(message->addr);
	int failed;

	/* -EREMOTEIO: what the driver of a Raspberry Pi says when nothing acknowledges. */
	if (!chip || !chip->present)
		return -EREMOTEIO;
	chip->transfers++;
	if (count_down(&chip->hang))
		failed = -ETIMEDOUT;
	else if (count_down(&chip->fail))
		failed = -EREMOTEIO;
	else if (message->flags & I2C_M_RD)
		failed = chip->kind->read(chip, message->buf, message->len);
	else
		failed = chip->kind->write(chip, message->buf, message->len);
	if (failed)
		chip->refused++;
	return failed;
}

static int sim_transfer(struct i2c_adapter *adapter, struct i2c_msg *messages, int count)
{
	int at, failed = 0;

	mutex_lock(&chips_lock);
	for (at = 0; at < count && !failed; at++)
		failed = transfer_message(&messages[at]);
	mutex_unlock(&chips_lock);
	return failed ? failed : count;
}

static u32 sim_functions(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
}

static const struct i2c_algorithm sim_algorithm = {
	.master_xfer = sim_transfer,
	.functionality = sim_functions,
};

static struct i2c_adapter sim_adapter = {
	.owner = THIS_MODULE,
	.name = "simulated I2C bus",
	.algo = &sim_algorithm,
	/* The bus on the pins of a Raspberry Pi. */
	.nr = 1,
};

/* The control file. */

static int set_chip(struct sim_chip *chip, const char *key, s64 first, s64 second)
{
	if (!strcmp(key, "present"))
		chip->present = first;
	else if (!strcmp(key, "fail"))
		chip->fail = first;
	else if (!strcmp(key, "hang"))
		chip->hang = first;
	else if (!strcmp(key, "wrong_crc"))
		chip->wrong_crc = first;
	else
		return chip->kind->set(chip, key, first, second);
	return 0;
}

static int control_line(const char *line)
{
	struct sim_chip *chip;
	s64 first = 0, second = 0;
	unsigned int address;
	char key[16];
	int failed;

	if (sscanf(line, "%x %15s %lld %lld", &address, key, &first, &second) < 3)
		return -EINVAL;
	chip = find_chip(address);
	if (!chip)
		return -ENODEV;
	mutex_lock(&chips_lock);
	failed = set_chip(chip, key, first, second);
	mutex_unlock(&chips_lock);
	return failed;
}

static int control_show(struct seq_file *out, void *unused)
{
	const struct sim_chip *chip;

	mutex_lock(&chips_lock);
	for (chip = chips; chip < chips + ARRAY_SIZE(chips); chip++)
		seq_printf(out, "0x%02x present %d transfers %u refused %u\n", chip->address,
			   chip->present, chip->transfers, chip->refused);
	mutex_unlock(&chips_lock);
	return 0;
}

static int __init simulated_i2c_init(void)
{
	struct sim_chip *clock = find_chip(0x68);
	int failed = i2c_add_numbered_adapter(&sim_adapter);

	if (failed)
		return failed;
	clock->ahead_s = ktime_get_real_seconds() - ktime_get_boottime_seconds();
	clock->clock[0x0e] = 0x1c;
	make_control_file("simulated_i2c");
	return 0;
}

static void __exit simulated_i2c_exit(void)
{
	remove_control_file();
	i2c_del_adapter(&sim_adapter);
}

module_init(simulated_i2c_init);
module_exit(simulated_i2c_exit);
MODULE_DESCRIPTION("Simulated I2C bus with the chips of a site");
MODULE_LICENSE("Dual MIT/GPL");

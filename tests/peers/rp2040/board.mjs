// Emulated RP2040 board: runs a UF2 image in rp2040js, with sensors on its pins.
//
//     node board.mjs IMAGE.uf2 UART_SOCKET FLASH_FILE
//
// The line is the unix socket, paced to the baud rate of the chip. FLASH_FILE keeps the flash from
// one run to the next. Commands come as lines on stdin, and each is answered by one line of JSON:
//
//     pulses PIN COUNT LOW_MS HIGH_MS   contact to ground, opened again; answers when all are done
//     level PIN 0|1                     holds a pin low, or lets it go
//     set NAME VALUE                    probe1, probe2 (degC or null), milliamps, celsius, humidity
//     tear N                            power fails within the Nth write to the flash from now on
//     power                             power off and on; flash is kept
//     skip SECONDS                      passes time as fast as the computer can
//     hang                              stops the core, so that only the watchdog can help
//     report                            what was seen of the direction pin, errors, restarts

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DallasProbe, connectI2c } from './sensors.mjs';

// Installed into the build folder, not beside this file.
const modules = process.env.PANTAU_NODE_MODULES ?? fileURLToPath(new URL('node_modules', import.meta.url));
const library = pathToFileURL(join(modules, 'rp2040js/dist/esm/')).href;
const { RP2040 } = await import(library + 'rp2040.js');
const { RPUART } = await import(library + 'peripherals/uart.js');
const { RPSSI } = await import(library + 'peripherals/ssi.js');
const { LogLevel, ConsoleLogger } = await import(library + 'utils/logging.js');

const [image, socketPath, flashFile] = process.argv.slice(2);
const DIRECTION_PIN = 2;
const FLASH = 0x10000000;
const FLASH_BYTES = 2 * 1024 * 1024;
const ERASE_NANOS = 45e6;
const PROGRAM_NANOS = 0.4e6;
const CYCLE_NANOS = 8;

// PL011 bits that rp2040js does not model.
const RX_LEVEL = 1 << 4;
const TX_LEVEL = 1 << 5;
const RX_TIMEOUT = 1 << 6;

/** UART that takes as long as its baud rate says, with queues of 32 bytes in both directions. */
class PacedUart extends RPUART {
  constructor(chip, name, irq, dreq, line) {
    super(chip, name, irq, dreq);
    this.line = line;
    this.queue = [];
    this.isShifting = false;
    this.overruns = 0;
    this.shiftAlarm = chip.clock.createAlarm(() => this.endByte());
    this.silenceAlarm = chip.clock.createAlarm(() => this.raise(RX_TIMEOUT));
  }

  get bitNanos() {
    return 1e9 / (this.baudRate || 9600);
  }

  get flags() {
    const isFull = this.queue.length >= 32;
    const isBusy = this.isShifting || this.queue.length > 0;
    return (
      (this.rxFIFO.full ? 1 << 6 : 0) |
      (this.rxFIFO.empty ? 1 << 4 : 0) |
      (isFull ? 1 << 5 : 0) |
      (this.queue.length ? 0 : 1 << 7) |
      (isBusy ? 1 << 3 : 0)
    );
  }

  checkInterrupts() {
    const isPending = !!(this.interruptStatus & this.interruptMask);
    this.rp2040.setInterrupt(this.irq, isPending);
  }

  raise(bit) {
    this.interruptStatus |= bit;
    this.checkInterrupts();
  }

  feedByte(value) {
    if (this.rxFIFO.full) this.overruns += 1;
    else this.rxFIFO.push(value);
    if (this.rxFIFO.itemCount >= 28) this.raise(RX_LEVEL);
    this.silenceAlarm.schedule(32 * this.bitNanos);
  }

  readUint32(offset) {
    // No DMA; rp2040js does not know the register.
    if (offset === 0x48) return 0;
    if (offset !== 0) return super.readUint32(offset);
    const value = this.rxFIFO.empty ? 0 : this.rxFIFO.pull();
    if (this.rxFIFO.itemCount < 28) this.interruptStatus &= ~RX_LEVEL;
    if (this.rxFIFO.empty) {
      this.interruptStatus &= ~RX_TIMEOUT;
      this.silenceAlarm.cancel();
    }
    this.checkInterrupts();
    return value;
  }

  writeUint32(offset, value) {
    if (offset !== 0) return super.writeUint32(offset, value);
    if (this.queue.length < 32) this.queue.push(value & 0xff);
    if (!this.isShifting) this.beginByte();
  }

  beginByte() {
    this.isShifting = true;
    this.byte = this.queue.shift();
    if (this.queue.length === 4) this.raise(TX_LEVEL);
    this.line.byteBegins();
    this.shiftAlarm.schedule(10 * this.bitNanos);
  }

  endByte() {
    this.isShifting = false;
    this.line.byteEnds(this.byte);
    if (this.queue.length) this.beginByte();
    else this.raise(TX_LEVEL);
  }
}

/** RS-485 line: the host at one end, UART and direction pin at the other. */
class Line {
  constructor() {
    this.isDriven = false;
    this.frames = 0;
    this.cut = 0;
    this.lagNanosMax = 0;
    this.waiting = [];
  }

  attach(chip) {
    this.chip = chip;
    this.isDriven = false;
    const { irq, dreq } = chip.uart[0];
    this.uart = new PacedUart(chip, 'UART0', irq, dreq, this);
    chip.uart[0] = this.uart;
    chip.peripherals[0x40034] = this.uart;
    this.inAlarm = chip.clock.createAlarm(() => this.hostByte());
    this.isFeeding = false;
    chip.gpio[DIRECTION_PIN].addListener((state) => this.direction(state === 1));
  }

  direction(isDriven) {
    if (this.isDriven && !isDriven) {
      if (this.uart.isShifting || this.uart.queue.length) this.cut += 1;
      else {
        const lag = this.chip.clock.nanos - this.lastStop;
        this.lagNanosMax = Math.max(this.lagNanosMax, lag);
        this.frames += 1;
      }
    }
    this.isDriven = isDriven;
  }

  byteBegins() {
    if (!this.isDriven) this.cut += 1;
  }

  byteEnds(byte) {
    this.lastStop = this.chip.clock.nanos;
    if (!this.isDriven) this.cut += 1;
    this.socket?.write(Uint8Array.of(byte));
  }

  /** Bytes of the host, put on the line one after the other. */
  receive(bytes) {
    this.waiting.push(...bytes);
    if (!this.isFeeding) this.feedNext();
  }

  feedNext() {
    this.isFeeding = this.waiting.length > 0;
    if (this.isFeeding) this.inAlarm.schedule(10 * this.uart.bitNanos);
  }

  hostByte() {
    const byte = this.waiting.shift();
    // While the driver is on, its receiver is off.
    if (byte !== undefined && !this.isDriven) this.uart.feedByte(byte);
    this.feedNext();
  }
}

/** Serial number of the flash chip, which is that of the board. */
const SERIAL = [0xe6, 0x61, 0xa4, 0xd1, 0x7b, 0x5f, 0x0c, 0x2a];

/** Commands to the flash chip: its serial number, and a status that is always ready. */
class FlashPort extends RPSSI {
  readUint32(offset) {
    if (offset !== 0x60) return super.readUint32(offset);
    this.reads += 1;
    // Four bytes without meaning come before the number.
    return this.command === 0x4b ? (SERIAL[this.reads - 5] ?? 0) : 0;
  }

  writeUint32(offset, value) {
    if (offset !== 0x60) return super.writeUint32(offset, value);
    this.command = value & 0xff;
    this.reads = 0;
  }
}

/** Registers of the flash cache: no stream is under way. */
const IDLE_CACHE = { readUint32: () => 0, writeUint32Atomic: () => {} };

/** Flash functions of the boot ROM; each is a breakpoint that is carried out here. */
const ROM_FUNCTIONS = ['IF', 'EX', 'RE', 'RP', 'FC', 'CX', 'C4'];
const LOOKUP_AT = 0x40;
const FUNCTIONS_AT = 0x80;

function installRom(chip) {
  const rom = new Uint8Array(chip.bootrom.buffer);
  const view = new DataView(rom.buffer);
  view.setUint16(0x14, 0x30, true);
  view.setUint16(0x18, LOOKUP_AT | 1, true);
  const stub = (at, number) => {
    view.setUint16(at, 0xbe00 | number, true);
    view.setUint16(at + 2, 0x4770, true);
  };
  stub(LOOKUP_AT, 1);
  ROM_FUNCTIONS.forEach((_, index) => stub(FUNCTIONS_AT + 4 * index, 16 + index));
  chip.peripherals[0x18000] = new FlashPort(chip, 'SSI');
  chip.peripherals[0x14000] = IDLE_CACHE;
  chip.onBreak = (number) => callRom(chip, number);
}

function callRom(chip, number) {
  const [r0, r1, r2] = chip.core.registers;
  if (number === 1) {
    const name = String.fromCharCode(r1 & 0xff, r1 >> 8);
    const index = ROM_FUNCTIONS.indexOf(name);
    if (index < 0) throw new Error(`the boot ROM has no function ${name}`);
    chip.core.registers[0] = (FUNCTIONS_AT + 4 * index) | 1;
    return;
  }
  const name = ROM_FUNCTIONS[number - 16];
  if (name === 'RE') {
    chip.flash.fill(0xff, r0, r0 + r1);
    board.erases += r1 / 4096;
    chip.clock.tick((ERASE_NANOS * r1) / 4096);
  } else if (name === 'RP') {
    const isTorn = board.tearIn-- === 1;
    const written = bytesToWrite(chip, r1, r2, isTorn);
    for (let at = 0; at < written; at++) chip.flash[r0 + at] &= chip.readUint8(r1 + at);
    board.programs += 1;
    if (isTorn) {
      board.restartReason = 0;
      board.isHung = true;
    }
    chip.clock.tick((PROGRAM_NANOS * r2) / 256);
  } else if (name === 'C4') {
    for (let at = 0; at < r2; at += 4) chip.writeUint32(r0 + at, chip.readUint32(r1 + at));
  }
}

/** Number of bytes that reach the flash: when it is torn, half of those that change something. */
function bytesToWrite(chip, from, length, isTorn) {
  if (!isTorn) return length;
  const places = [...Array(length).keys()].filter((at) => chip.readUint8(from + at) !== 0xff);
  return places[places.length >> 1] ?? 0;
}

function loadUf2(flash) {
  const bytes = readFileSync(image);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; at += 512) {
    const word = (index) => view.getUint32(at + 4 * index, true);
    const isGood = word(0) === 0x0a324655 && word(1) === 0x9e5d5157 && word(127) === 0x0ab16f30;
    if (!isGood || word(7) !== 0xe48bff56) throw new Error(`no UF2 block for an RP2040 at ${at}`);
    flash.set(bytes.subarray(at + 32, at + 32 + word(4)), word(3) - FLASH);
  }
}

class Board {
  constructor() {
    this.line = new Line();
    this.values = { probe1: 21.375, probe2: -10.125, milliamps: 12, celsius: 27.4, humidity: 81 };
    this.erases = 0;
    this.programs = 0;
    this.starts = 0;
    this.watchdogs = 0;
    this.earlierNanos = 0;
    this.skipUntil = 0;
    this.skipped = null;
    this.tearIn = 0;
    const kept = flashFile && existsSync(flashFile) ? readFileSync(flashFile) : new Uint8Array();
    this.start(kept, 0);
  }

  /** Starts a chip; `reason` is that of the watchdog. */
  start(flash, reason) {
    const chip = new RP2040();
    chip.logger = new ConsoleLogger(LogLevel.Error, false);
    chip.flash.fill(0xff);
    chip.flash.set(flash.subarray(0, FLASH_BYTES));
    loadUf2(chip.flash);
    installRom(chip);
    this.line.attach(chip);
    connectI2c(chip.i2c[0], this.values);
    for (const pin of [1, 4, 5, 6, 7, 8, 9]) chip.gpio[pin].setInputValue(true);
    new DallasProbe(chip, 8, () => this.values.probe1);
    new DallasProbe(chip, 9, () => this.values.probe2);
    const watchdog = chip.peripherals[0x40058];
    watchdog.reason = reason;
    watchdog.onWatchdogTrigger = () => {
      // rp2040js would call it again at the same moment, for ever.
      watchdog.alarm.enable = false;
      this.restartReason = watchdog.reason;
      this.watchdogs += 1;
    };
    // Where the second stage of the boot loader goes.
    chip.core.VTOR = FLASH + 0x100;
    chip.core.reset();
    this.chip = chip;
    this.starts += 1;
    this.isHung = false;
    this.restartReason = null;
    this.wallStart = performance.now();
  }

  restart(reason) {
    this.earlierNanos += this.chip.clock.nanos;
    const { scratchData } = this.chip.peripherals[0x40058];
    this.start(this.chip.flash.slice(0, FLASH_BYTES), reason);
    // The watchdog's own registers survive it.
    if (reason) this.chip.peripherals[0x40058].scratchData.set(scratchData);
  }

  get aheadMillis() {
    return this.chip.clock.nanos / 1e6 - (performance.now() - this.wallStart);
  }

  /** Time that all chips so far have run. */
  get elapsedNanos() {
    return this.earlierNanos + this.chip.clock.nanos;
  }

  /** Runs until the chip's clock is the wall's, or as far as a skip wants. */
  run() {
    const isSkipping = () => this.elapsedNanos < this.skipUntil;
    if (this.aheadMillis < -100 || this.skipped) {
      this.wallStart = performance.now() - this.chip.clock.nanos / 1e6;
    }
    const sliceEnd = performance.now() + 10;
    // A computer slower than the chip still listens to its socket between slices.
    while ((this.aheadMillis < 1 || isSkipping()) && performance.now() < sliceEnd) {
      for (let step = 0; step < 3000; step++) this.step();
      if (this.restartReason !== null) this.restart(this.restartReason);
    }
    if (this.skipped && !isSkipping()) {
      this.wallStart = performance.now() - this.chip.clock.nanos / 1e6;
      this.skipped();
      this.skipped = null;
    }
    if (this.aheadMillis < 1 || this.skipped) setImmediate(() => this.run());
    else setTimeout(() => this.run(), 1);
  }

  skip(seconds, done) {
    this.skipUntil = this.elapsedNanos + seconds * 1e9;
    this.skipped = done;
  }

  step() {
    const { core, clock } = this.chip;
    if (core.waiting || this.isHung) {
      // An idle chip costs nothing, but the host's bytes must still find it on time.
      const next = clock.nanosToNextAlarm;
      clock.tick(next > 0 && next < 20_000 ? next : 20_000);
      if (this.isHung) return;
      if (!core.waiting) return;
      core.waiting = !core.checkForInterrupts();
    } else {
      clock.tick(core.executeInstruction() * CYCLE_NANOS);
    }
  }

  pulses(pin, count, lowMillis, highMillis, done) {
    const chip = this.chip;
    let left = count;
    let isLow = false;
    const alarm = chip.clock.createAlarm(() => {
      isLow = !isLow;
      chip.gpio[pin].setInputValue(!isLow);
      if (!isLow) left -= 1;
      if (left > 0 || isLow) alarm.schedule((isLow ? lowMillis : highMillis) * 1e6);
      else done();
    });
    if (count > 0) alarm.schedule(highMillis * 1e6);
    else done();
  }

  report() {
    const { frames, cut, lagNanosMax, uart } = this.line;
    const { erases, programs, starts, watchdogs } = this;
    const overruns = uart.overruns;
    const lag_us = lagNanosMax / 1000;
    const seconds = this.elapsedNanos / 1e9;
    return { frames, cut, lag_us, overruns, erases, programs, starts, watchdogs, seconds };
  }
}

const board = new Board();

function command(text, answer) {
  const [word, ...rest] = text.trim().split(/\s+/);
  const numbers = rest.map(Number);
  if (word === 'pulses') return board.pulses(...numbers, () => answer({ done: numbers[1] }));
  if (word === 'skip') return board.skip(numbers[0], () => answer(board.report()));
  if (word === 'level') board.chip.gpio[numbers[0]].setInputValue(numbers[1] === 1);
  else if (word === 'set') board.values[rest[0]] = JSON.parse(rest[1]);
  else if (word === 'power') board.restart(0);
  else if (word === 'tear') board.tearIn = numbers[0];
  else if (word === 'hang') board.isHung = true;
  else if (word !== 'report') return answer({ unknown: word });
  answer(board.report());
}

const server = createServer((socket) => {
  board.line.socket = socket;
  socket.on('data', (bytes) => board.line.receive(bytes));
  socket.on('error', () => {});
});
server.listen(socketPath, () => console.log('ready'));

const input = createInterface({ input: process.stdin });
input.on('line', (text) => command(text, (said) => console.log(JSON.stringify(said))));
input.on('close', () => {
  if (flashFile) writeFileSync(flashFile, board.chip.flash.subarray(0, FLASH_BYTES));
  process.exit(0);
});
board.run();

// Sensors for the emulated board: DS18B20, ADS1115 and SHT3x, each from its data sheet.

const LOW = 0;
/** Interrupt of the I2C: nothing is left to send. */
const TX_EMPTY = 1 << 4;

/** DS18B20 alone on a pin; absent while its value is null. */
export class DallasProbe {
  constructor(chip, pin, celsius) {
    this.chip = chip;
    this.pin = chip.gpio[pin];
    this.celsius = celsius;
    this.isMasterLow = false;
    this.isHeld = false;
    this.fell = 0;
    this.latched = 85;
    this.begin();
    this.holdAlarm = chip.clock.createAlarm(() => this.hold(false));
    this.presenceAlarm = chip.clock.createAlarm(() => {
      this.hold(true);
      this.holdAlarm.schedule(120_000);
    });
    this.pin.addListener((state) => this.masterMoved(state === LOW));
  }

  begin() {
    this.bits = [];
    this.answer = [];
    this.isFirstCommand = true;
    this.isSilent = false;
  }

  hold(isHeld) {
    this.isHeld = isHeld;
    this.pin.setInputValue(!(this.isHeld || this.isMasterLow));
  }

  masterMoved(isLow) {
    if (isLow === this.isMasterLow) return;
    this.isMasterLow = isLow;
    this.pin.setInputValue(!(this.isHeld || isLow));
    if (this.celsius() === null) return;
    const now = this.chip.clock.nanos;
    if (isLow) {
      this.fell = now;
      if (this.answer.length && this.answer.shift() === 0) {
        this.hold(true);
        this.holdAlarm.schedule(30_000);
      } else {
        this.isReading = this.answer.length > 0;
      }
      return;
    }
    const low = now - this.fell;
    if (low > 400_000) {
      this.begin();
      this.presenceAlarm.schedule(30_000);
    } else if (!this.isSilent && !this.answer.length) {
      this.bits.push(low < 15_000 ? 1 : 0);
      if (this.bits.length === 8) this.command();
    }
  }

  command() {
    const byte = this.bits.reduce((sum, bit, index) => sum | (bit << index), 0);
    this.bits = [];
    if (this.isFirstCommand) {
      this.isFirstCommand = false;
      this.isSilent = byte !== 0xcc;
    } else if (byte === 0x44) {
      this.latched = this.celsius();
      this.isSilent = true;
    } else if (byte === 0xbe) {
      this.send(this.scratchpad());
    } else {
      this.isSilent = true;
    }
  }

  scratchpad() {
    const raw = Math.round(this.latched * 16) & 0xffff;
    const bytes = [raw & 0xff, raw >> 8, 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10];
    return [...bytes, crc8(bytes, 0, 0x8c, true)];
  }

  send(bytes) {
    this.answer = bytes.flatMap((byte) => [...Array(8).keys()].map((bit) => (byte >> bit) & 1));
    this.isSilent = true;
  }
}

function crc8(bytes, start, polynomial, isReflected) {
  let sum = start;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      if (isReflected) sum = sum & 1 ? (sum >> 1) ^ polynomial : sum >> 1;
      else sum = sum & 0x80 ? ((sum << 1) ^ polynomial) & 0xff : (sum << 1) & 0xff;
    }
  }
  return sum;
}

/** ADS1115 with a shunt of 100 ohm between its input 0 and ground. */
class Converter {
  constructor(values) {
    this.values = values;
    this.config = 0x8583;
  }

  isThere() {
    return this.values.milliamps !== null;
  }

  written(bytes) {
    this.pointer = bytes[0];
    if (bytes.length === 3 && this.pointer === 1) {
      this.config = (bytes[1] << 8) | bytes[2] | 0x8000;
    }
  }

  reading() {
    const range = [6.144, 4.096, 2.048, 1.024, 0.512, 0.256][(this.config >> 9) & 7];
    const volts = this.values.milliamps * 0.1;
    const code = Math.max(-32768, Math.min(32767, Math.round((volts / range) * 32768)));
    const word = this.pointer === 1 ? this.config : code & 0xffff;
    return [word >> 8, word & 0xff];
  }
}

class AirSensor {
  constructor(values) {
    this.values = values;
  }

  isThere() {
    return this.values.celsius !== null;
  }

  written() {}

  reading() {
    const word = (share) => Math.round(share * 65535);
    const part = (value) => {
      const bytes = [value >> 8, value & 0xff];
      return [...bytes, crc8(bytes, 0xff, 0x31, false)];
    };
    const { celsius, humidity } = this.values;
    return [...part(word((celsius + 45) / 175)), ...part(word(humidity / 100))];
  }
}

/** Connects the chips to a bus. */
export function connectI2c(bus, values) {
  const chips = new Map([
    [0x48, new Converter(values)],
    [0x44, new AirSensor(values)],
  ]);
  let chip = null;
  let written = [];
  let answer = [];
  const finish = () => {
    if (chip && written.length) chip.written(written);
    written = [];
  };
  bus.onStart = () => {
    finish();
    bus.completeStart();
  };
  bus.onConnect = (address, mode) => {
    chip = chips.get(address) ?? null;
    if (chip && !chip.isThere()) chip = null;
    if (chip && mode === 1) answer = chip.reading();
    bus.completeConnect(chip !== null);
    // An address without an answer empties the queue, and the chip says so; rp2040js does not.
    if (chip === null) bus.setInterrupts(TX_EMPTY);
  };
  bus.onWriteByte = (byte) => {
    written.push(byte);
    bus.completeWrite(true);
  };
  bus.onReadByte = () => bus.completeRead(answer.length ? answer.shift() : 0xff);
  bus.onStop = () => {
    finish();
    bus.completeStop();
  };
}

"""A serial line with devices that can be given another address: a pseudo terminal, no hardware.

Usage: address_line.py [--stubborn] [--button FILE] [--power FILE] [--speed BAUD] UNIT...
Prints "ready PATH" and serves for ever. Each device answers reads of holding registers (function 3)
and keeps its address in holding register 0x0101 and its speed in 0x0102 (2: 4800, 3: 9600), which
function 6 writes. Devices with the same address all answer, one after the other. A stubborn device
says yes and stays as it was. With a button, a device takes settings once FILE is there; with power,
a new address holds once FILE is there; with a speed, it hears nothing at another one.
"""

import argparse
import fcntl
import os
import struct
import tty

ADDRESS = 0x0101
SPEED = 0x0102
SPEEDS = {2: 4800, 3: 9600}
# Linux: the settings of a terminal with speeds as plain numbers, the output speed last.
TCGETS2 = 0x802C542A
TERMIOS2 = 44


def crc(data):
    """Checksum of the specification, low byte first."""
    total = 0xFFFF
    for byte in data:
        total ^= byte
        for _ in range(8):
            total = total >> 1 ^ 0xA001 if total & 1 else total >> 1
    return total.to_bytes(2, "little")


class Device:
    """One device."""

    def __init__(self, unit, options):
        self.unit = unit
        self.options = options
        self.speed = options.speed
        self.later = None

    def answer(self, frame, speed):
        """The answer to a request, without its checksum; None when it is for somebody else."""
        if self.later and os.path.exists(self.options.power):
            self.unit, self.later = self.later, None
        unit, function = frame[0], frame[1]
        if unit != self.unit or self.speed not in (None, speed):
            return None
        address = int.from_bytes(frame[2:4], "big")
        value = int.from_bytes(frame[4:6], "big")
        if function == 3:
            words = [self.unit if address + at == ADDRESS else 0 for at in range(value)]
            data = b"".join(word.to_bytes(2, "big") for word in words)
            return bytes([unit, 3, len(data)]) + data
        if function == 6 and address in (ADDRESS, SPEED):
            return self.write(frame, address, value)
        return bytes([unit, function | 0x80, 2])

    def write(self, frame, address, value):
        """Takes a setting, if it may."""
        if self.options.button and not os.path.exists(self.options.button):
            return bytes([frame[0], 0x86, 4])
        if self.options.stubborn:
            return frame[:6]
        if address == SPEED:
            self.speed = SPEEDS[value]
        elif self.options.power:
            self.later = value
        else:
            self.unit = value
        return frame[:6]


def options():
    """What the call says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stubborn", action="store_true")
    parser.add_argument("--button")
    parser.add_argument("--power")
    parser.add_argument("--speed", type=int)
    parser.add_argument("units", type=int, nargs="+")
    return parser.parse_args()


def main():
    """Serves until killed."""
    said = options()
    devices = [Device(unit, said) for unit in said.units]
    near, far = os.openpty()
    tty.setraw(near)
    tty.setraw(far)
    print(f"ready {os.ttyname(far)}", flush=True)
    heard = b""
    while True:
        heard += os.read(near, 256)
        while len(heard) >= 8:
            frame = heard[:8]
            if crc(frame[:6]) != frame[6:]:
                heard = heard[1:]
                continue
            heard = heard[8:]
            settings = fcntl.ioctl(near, TCGETS2, bytes(TERMIOS2))
            (speed,) = struct.unpack("I", settings[-4:])
            answers = [device.answer(frame, speed) for device in devices]
            for answer in answers:
                if answer is not None:
                    os.write(near, answer + crc(answer))


main()

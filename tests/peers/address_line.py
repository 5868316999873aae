"""A serial line with devices that can be given another address: a pseudo terminal, no hardware.

Usage: address_line.py [--stubborn] UNIT...
Prints "ready PATH" and serves for ever. Each device answers reads of holding registers (function 3)
and keeps its address in holding register 0x0101, which function 6 writes. Devices with the same
address all answer, one after the other. A stubborn device says yes and stays as it was.
"""

import os
import sys
import tty

ADDRESS = 0x0101


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

    def __init__(self, unit, stubborn):
        self.unit = unit
        self.stubborn = stubborn

    def answer(self, frame):
        """The answer to a request, without its checksum; None when it is for somebody else."""
        unit, function = frame[0], frame[1]
        if unit != self.unit:
            return None
        address = int.from_bytes(frame[2:4], "big")
        value = int.from_bytes(frame[4:6], "big")
        if function == 3:
            words = [self.unit if address + at == ADDRESS else 0 for at in range(value)]
            data = b"".join(word.to_bytes(2, "big") for word in words)
            return bytes([unit, 3, len(data)]) + data
        if function == 6 and address == ADDRESS:
            if not self.stubborn:
                self.unit = value
            return frame[:6]
        return bytes([unit, function | 0x80, 2])


def main():
    """Serves until killed."""
    names = [name for name in sys.argv[1:] if name != "--stubborn"]
    devices = [Device(int(name), "--stubborn" in sys.argv) for name in names]
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
            answers = [device.answer(frame) for device in devices]
            for answer in answers:
                if answer is not None:
                    os.write(near, answer + crc(answer))


main()

#!/usr/bin/env python3
"""Makes a UF2 file for an RP2040 from a program's ELF file.

    make_uf2.py IN.elf OUT.uf2
    make_uf2.py --size IN.elf       bytes of flash and RAM

The formats: System V ABI (ELF, 32 bits, little endian), and microsoft/uf2.
"""
import struct
import sys

FLASH, FLASH_END = 0x10000000, 0x10200000
PAGE = 256
FAMILY_RP2040 = 0xE48BFF56
FLAG_FAMILY = 0x2000


RAM = 0x20000000


def segments(elf):
    """Returns the loadable segments: file offset, address when running, address in flash, bytes
    in the file, bytes in memory."""
    if elf[:6] != b"\x7fELF\x01\x01":
        sys.exit("not an ELF file of 32 bits")
    (start,) = struct.unpack_from("<I", elf, 28)
    size, count = struct.unpack_from("<HH", elf, 42)
    headers = (struct.unpack_from("<6I", elf, start + index * size) for index in range(count))
    return [header[1:] for header in headers if header[0] == 1]


def flash_pages(elf):
    """Returns the flash pages that the segments fill, by address."""
    pages = {}
    for offset, _, load, length, _ in segments(elf):
        if length == 0:
            continue
        if not FLASH <= load < load + length <= FLASH_END:
            sys.exit(f"segment at {load:#x} is not in the flash")
        for place in range(length):
            address = load + place
            page = pages.setdefault(address // PAGE * PAGE, bytearray(PAGE))
            page[address % PAGE] = elf[offset + place]
    return pages


def print_size(elf):
    """Prints the bytes of flash, and those of RAM without the stack."""
    flash = sum(length for _, _, _, length, _ in segments(elf))
    ram = sum(memory for _, run, _, _, memory in segments(elf) if run >= RAM)
    print(f"{flash} bytes of flash, {ram} bytes of RAM and the stack")


def write_uf2(elf, target):
    """Writes the blocks of the image."""
    pages = flash_pages(elf)
    with open(target, "wb") as file:
        for number, (address, page) in enumerate(sorted(pages.items())):
            head = struct.pack(
                "<8I", 0x0A324655, 0x9E5D5157, FLAG_FAMILY, address, PAGE,
                number, len(pages), FAMILY_RP2040,
            )
            file.write(head + page + bytes(476 - PAGE) + struct.pack("<I", 0x0AB16F30))


def main(first, second):
    source = second if first == "--size" else first
    with open(source, "rb") as file:
        elf = file.read()
    if first == "--size":
        print_size(elf)
    else:
        write_uf2(elf, second)


main(*sys.argv[1:])

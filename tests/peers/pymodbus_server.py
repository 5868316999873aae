"""A Modbus server on pymodbus: unit 1, with the registers of an image file.

Usage: pymodbus_server.py IMAGE tcp | pymodbus_server.py IMAGE rtu PATH
Prints "ready PORT" (0 for rtu) and serves for ever. The image: four lines, "coils", "discrete",
"holding", "input", each followed by its numbers.
"""

import asyncio
import socket
import sys

from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def load(path):
    """The four tables as pymodbus takes them."""
    tables = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            name, *numbers = line.split()
            tables[name] = [int(number) for number in numbers]

    def bits(name):
        values = [bool(value) for value in tables[name]]
        return [SimData(0, values=values, datatype=DataType.BITS)]

    def registers(name):
        return [SimData(0, values=tables[name], datatype=DataType.REGISTERS)]

    return (bits("coils"), bits("discrete"), registers("holding"), registers("input"))


def free_port():
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


async def main(image, kind, path=None):
    """Serves until killed."""
    device = SimDevice(1, simdata=load(image))
    port = 0
    if kind == "tcp":
        port = free_port()
        server = ModbusTcpServer([device], address=("127.0.0.1", port))
    else:
        server = ModbusSerialServer([device], framer=FramerType.RTU, port=path, baudrate=19200)
    await server.serve_forever(background=True)
    print(f"ready {port}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))

"""A Modbus server on pymodbus that says what it is (function 0x2B/0x0E), in more than one answer.

Usage: identity_server.py tcp|rtu
Prints "ready PORT" and serves unit 3 on TCP for ever; with rtu the frames of a line go over the
connection.
"""

import asyncio
import socket
import sys

from pymodbus import FramerType, ModbusDeviceIdentification
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

SAYS = {
    "VendorName": "Desa Listrik",
    "ProductCode": "DL-7",
    "MajorMinorRevision": "2.1",
    "VendorUrl": "https://example.org/" + "a" * 180,
    "ProductName": "Meter Desa",
    "ModelName": "DL-7 " + "b" * 90,
}


async def main(kind):
    """Serves until killed."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    registers = [SimData(0, values=[0] * 100, datatype=DataType.REGISTERS)]
    server = ModbusTcpServer(
        [SimDevice(3, simdata=registers)],
        address=("127.0.0.1", port),
        framer=FramerType.RTU if kind == "rtu" else FramerType.SOCKET,
        identity=ModbusDeviceIdentification(info_name=SAYS),
    )
    await server.serve_forever(background=True)
    print(f"ready {port}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))

"""What pysunspec2 finds on a Modbus TCP device: its models, texts and some values, as JSON.

Usage: sunspec_client.py PORT UNIT
"""

import json
import sys

from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP


def main(port, unit):
    """Scans the device and prints what was found."""
    device = SunSpecModbusClientDeviceTCP(
        slave_id=int(unit), ipaddr="127.0.0.1", ipport=int(port), timeout=20
    )
    device.scan()
    inverter, common, dc = device.models[103][0], device.models[1][0], device.models[160][0]
    print(json.dumps({
        "base": device.base_addr,
        "models": [model.model_id for model in device.model_list],
        "errors": [model.error_info for model in device.model_list],
        "maker": common.Mn.value,
        "ac_power": inverter.W.cvalue,
        "ac_energy": inverter.WH.cvalue / 1000,
        "frequency": inverter.Hz.cvalue,
        "status": inverter.St.cvalue,
        "unimplemented": inverter.TmpTrns.cvalue,
        "modules": len(dc.module),
        "dc_power_1": dc.module[0].DCW.cvalue,
    }))
    device.close()


main(*sys.argv[1:])

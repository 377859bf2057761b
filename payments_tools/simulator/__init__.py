"""An HTTP server that simulates SuperPay by docs/superpay/specification.md, including faults.

It does not use our ledger and shares no code with our client.
"""

from payments_tools.simulator.app import create_simulator
from payments_tools.simulator.config import SimulatorConfig
from payments_tools.simulator.server import build_server, serve

__all__ = ["SimulatorConfig", "build_server", "create_simulator", "serve"]

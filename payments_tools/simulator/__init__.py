"""A real HTTP server that plays SuperPay by docs/superpay/specification.md, faults included.

It plays an outsider: it knows nothing of our ledger and shares no code with our client.
"""

from payments_tools.simulator.app import create_simulator
from payments_tools.simulator.config import SimulatorConfig
from payments_tools.simulator.server import build_server, serve

__all__ = ["SimulatorConfig", "build_server", "create_simulator", "serve"]

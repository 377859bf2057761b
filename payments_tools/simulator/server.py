"""The simulator's uvicorn server, which can cut a connection."""

import uvicorn

from payments_tools.simulator.app import create_simulator
from payments_tools.simulator.config import SimulatorConfig
from payments_tools.simulator.connections import tracking_protocol
from payments_tools.simulator.simulation import Simulation


def build_server(config: SimulatorConfig, *, host: str, port: int) -> uvicorn.Server:
    """A server ready for `await server.serve()`; set `server.should_exit` to stop it."""
    app = create_simulator(config)
    simulation: Simulation = app.state.simulation
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=tracking_protocol(simulation.connections),
            ws="none",
            lifespan="on",
            # A connection is found by its peer's address: take that from the socket.
            proxy_headers=False,
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=2,
        )
    )


def serve(config: SimulatorConfig, *, host: str = "127.0.0.1", port: int = 8090) -> None:
    """Serve until SIGINT or SIGTERM."""
    build_server(config, host=host, port=port).run()

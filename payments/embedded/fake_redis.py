"""fakeredis' TCP server as a process: the last resort where no Redis binary exists."""

import json
import sys
from pathlib import Path

from fakeredis import TcpFakeServer


def main(announce: Path) -> None:
    """Serve on a free loopback port, written to `announce`, until stopped."""
    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    scratch = announce.with_suffix(".new")
    scratch.write_text(json.dumps({"port": server.server_address[1]}))
    scratch.replace(announce)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

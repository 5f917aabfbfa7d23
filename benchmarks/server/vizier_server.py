"""OSS Vizier's server on a SQLite file; runs in its environment."""

import sys
import time

from vizier.service import servers

server = servers.DefaultVizierServer(host="localhost", database_url=f"sqlite:///{sys.argv[1]}")
print(f"serves at {server.endpoint}", flush=True)
while True:
    time.sleep(60)

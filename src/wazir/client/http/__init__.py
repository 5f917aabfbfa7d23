"""Studies on a server: the same operations as in this process, over HTTP."""

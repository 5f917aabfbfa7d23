"""Runs the command line as `python -m wazir`."""

from wazir.cli.main import main

if __name__ == "__main__":
    main()

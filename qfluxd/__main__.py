"""`python -m qfluxd` is the same as `qfluxd`."""

import sys

from qfluxd.cli import main

if __name__ == "__main__":
    sys.exit(main())

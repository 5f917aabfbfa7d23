"""What the unit tests share with the others."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

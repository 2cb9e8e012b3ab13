"""`python -m hatch_mar`."""

import sys

from hatch_mar.cli import main

sys.exit(main())

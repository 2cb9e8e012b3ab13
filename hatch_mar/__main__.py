"""`python -m hatch_mar`."""

import os
import sys

# `-m` has put the working directory first, whose modules are the project's own, such as a `build.py`
try:
    if sys.path[0] in ("", os.getcwd()):
        del sys.path[0]
except OSError:
    pass  # it has been deleted, which the command says

from hatch_mar.cli import main

sys.exit(main())

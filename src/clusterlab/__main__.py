"""`python -m clusterlab` is `clusterlab`."""

import sys

from clusterlab.cli.main import main

sys.exit(main())

"""`python -m beluga.cli`."""

import sys

from beluga.cli.main import main

sys.exit(main())

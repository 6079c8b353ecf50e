"""bundle.pyz check|vitals|setup ...: what a notebook instance obtains at its start, as a program of one file."""

import sys

if sys.argv[1:2] == ["setup"]:
    from setup.main import main
else:
    from idle_agent.__main__ import main

sys.exit(main())

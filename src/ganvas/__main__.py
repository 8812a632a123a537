"""``python -m ganvas`` is ``ganvas``."""

from ganvas.cli.main import main

main()

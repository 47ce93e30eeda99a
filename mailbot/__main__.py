"""``python -m mailbot``."""

from mailbot.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

"""`python -m kpod`."""

from kpod.cli import main

if __name__ == "__main__":
    main()

"""`python -m curldescent` is the `curldescent` command."""

from curldescent.cli import main

main()

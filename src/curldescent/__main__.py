"""`python -m curldescent` is the `curldescent` command."""

from curldescent.apps.cli import main

main()

"""`curldescent theory`: predictions on the command line."""

from cyclopts import App

app = App(help="Predict stability from random-matrix theory, without simulating.")

"""Controls of the speed-up: what could explain it, each ruled in or out."""

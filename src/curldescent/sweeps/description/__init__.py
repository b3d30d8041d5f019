"""What a sweep is, before any of it runs: axes, cells, settings, cost."""

"""Pictures, one file a subject; all in the look of `curldescent.plots.style`."""

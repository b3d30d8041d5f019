"""How a sweep is kept: one file per finished cell, a compacted form, and everything read from them."""

"""Critical points, the spectrum there, and how long a run takes to leave them."""

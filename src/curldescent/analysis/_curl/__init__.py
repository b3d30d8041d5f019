"""How much curl a field has, around a loop and along a run, and where curl comes from."""

"""The explorer's views, one file each. `registry` takes the `VIEW` of every file here; no list names them."""

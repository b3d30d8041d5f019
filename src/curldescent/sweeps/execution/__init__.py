"""How the cells of a sweep are computed: here on all cores, or on a Dask cluster."""

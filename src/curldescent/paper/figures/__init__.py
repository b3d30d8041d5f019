"""The figures and numbers of the paper, one file each."""

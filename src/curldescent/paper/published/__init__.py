"""The paper's own figures and numbers, one file for each family of panels.

The folder is not called "figures": importing from it would put itself in the place of `curldescent.paper.figures`.
"""

"""What runs figures: the registry, a reproduction and its verdict, what a scale changes, the report of all."""

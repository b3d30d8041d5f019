"""What people start: the command line, the explorer, the demo and the benchmark."""

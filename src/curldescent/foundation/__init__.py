"""What every floor stands on: errors, checks, arithmetic, memory, files, progress, citations. Knows no neuron."""

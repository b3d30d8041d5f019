"""What the figures share: claims and verdicts, experiments, statistics, the report."""

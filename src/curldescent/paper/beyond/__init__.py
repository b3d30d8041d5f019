"""Figures that go beyond the paper."""

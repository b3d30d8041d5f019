"""Tests mirror src/curldescent, one file a source file."""

"""Measurements, run by `make bench`: one file bench_*.py each, printing a few lines."""

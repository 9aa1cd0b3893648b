"""Benchmarks: ratios against raw httpx in the same run."""

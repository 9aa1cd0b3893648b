"""Providers: where each is, which variables it reads, and in which dialect it speaks."""

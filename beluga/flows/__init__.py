"""Policies that decide: generators that yield what to try next and are sent its outcome.

They do no I/O and need no event loop, so that any schedule can be run through them.
"""

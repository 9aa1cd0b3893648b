"""The way to a provider: HTTP as a capability, framings of its bytes, and what a dialect is."""

"""Handoffs seen, explained and followed up: statistics over frames that a release gives.

Holds pure functions: a polars frame or numpy array in, a frame or a small record out; no clock, no chance without a seed, no file, no
release, no page. Must not hold orchestration, nor know the simulator: what is true of a world comes as an argument (`evaluate`).
What is computed, its source and the figures it reaches: docs/handoffs.md.
"""

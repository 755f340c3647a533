"""Handoffs seen, explained and followed up: statistics over frames that a release gives.

The statistics are pure functions: a polars frame or numpy array in, a frame or a small record out; no clock, no chance without a seed, no
file, no release, no page. A release is read by `cases`, `found` and `mining`, through `reading`; `journal` keeps what people did and
dispute, `alerts` what stands; `loop` brings findings and journal together. Must not hold orchestration, nor know the simulator: what is
true of a world comes as an argument (`evaluate`). What is computed, its source and the figures it reaches: docs/handoffs.md.
"""

"""What may leave the network: the shared view of a published release.

Reads released tables alone, never landing or the vault. What becomes of each released column is data (`policy.yaml`); the scan (`scan`)
judges the bytes that were written and asks no policy. Builds no released table and changes none.
"""

"""Sandboxes: what is in one, who gets out of one, what a partner can open and read."""

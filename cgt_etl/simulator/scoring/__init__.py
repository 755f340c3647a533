"""How well a release, or a build that the gate held back, reconstructs the simulator's sealed truth.

Knows released tables by name and truth files by name, and nothing of the pipeline that made the ones from the others. Measurements and
product edges are not scored yet.
"""

"""Attacks on all that partners get from all: `python -m tests.attack SEEDS [full]`, as `make attack` and `make attack-full` do.

    history.py   what an attack is played on: figures as they went out, and who knows which rows
    families/    one attacker a module; none uses a function of the auditor
    worlds.py    the worlds in which they are played, by seed
    table.py     families x worlds, and the figures that they must leave at nought
    defences.py  each defence, what is put in its place, and the attack that then succeeds

An attacker knows the algorithm, all figures, own rows and a colluder's, and when each cell was looked at, which no real one does.
"""

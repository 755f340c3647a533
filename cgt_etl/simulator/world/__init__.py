"""The world that is simulated: who takes part, what happens on each journey, and the effects that are planted in it.

Holds what happened, never how anybody writes it down (`exports/`).
"""

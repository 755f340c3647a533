"""Looking after a home: what is wrong with it, a copy of it, and the copy brought back.

Reads and copies what landing and release wrote. Must not hold a step of a night, nor any knowledge of rows.
"""

"""The order of a night's steps, once in plain Python and once in Dagster's form, over the same functions.

Holds order, reporting, running dbt, and everything that knows Dagster. Must not hold a rule about data: a step's work is in its
own package, and each package runs without this one.
"""

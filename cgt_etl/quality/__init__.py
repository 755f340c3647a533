"""The gate: may this build be released? Great Expectations over aggregates of the build.

Here: the suites of `expectations/`, the aggregates they look at, and the verdict. Not here: rules over single rows, which belong to
the door (pandera) and the house (dbt); the gate judges whether keys hold and how often rules found something.
"""

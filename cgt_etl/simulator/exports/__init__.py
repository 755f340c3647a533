"""One module per dialect: what a partner of that dialect would export of a journey, in legal words, and how its exports go wrong.

Add here: a module with `FEEDS`, `DEFECTS` and `facts`, which the walk finds. Keep out: nights, files, truth (the engine).
"""

"""The door: text becomes typed values, identifiers become tokens, rules give verdicts; nothing direct gets past it.

Add here: casts, kinds of identifier, checks that a contract may name. Keep out: file formats, files, code and unit conversion
(staging), and whatever needs a second delivery. Imports nothing on purpose: `identifiers` and `tokens` stay cheap, `admit` brings
polars and pandera.
"""

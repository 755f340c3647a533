"""Who may see what of whom: agreements between partners as data, and decisions by Cedar policies that are made from them.

Denies by default, and what forbids wins. Reads declarations alone, no row of data; gives no rows (`share`, `collective`) and selects no
people (`consents`): whoever does asks here first.
"""

"""One attacker a module: `attack` takes what there is to see, and yields what it found out. Each is independent of the auditor."""

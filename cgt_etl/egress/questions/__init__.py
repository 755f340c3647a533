"""Collective questions: a partner asks, the whole network's rows answer under noise, and the answer goes to everybody (issue 8).

`catalogue` says what can be asked; `rights` whose rows may serve; `statistics` counts; `noise` protects, and is accounted for; `gate` keeps
the promise of the collective tables; `estimate` reads the protected statistics; `answer` does these in order; `ledger` keeps every answer.
`features` makes the rows of a release, and `home` does it all for a home. `docs/sandboxes.md` says what is promised.
"""

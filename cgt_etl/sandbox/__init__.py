"""A sandbox per partner: its own rows, the collective tables and bands of the network, in an encrypted store that it can ask questions of.

    own.py       the partner's own rows: what it delivered, as the door accepted it, and the same in canonical terms
    network.py   what all partners learn of all, and the band in which each quartile lies, from the ledger of collective tables
    store.py     writes and reads an encrypted DuckDB file
    worker.py    answers questions in a process of its own that can reach nothing else
    engine.py    starts it, waits for it, ends it: the one way by which a statement of a partner is run
    trail.py     who did what with a sandbox: append-only, each entry marked over the one before
    bundle.py    a copy that the partner opens on its own machine
    serving/     a PostgreSQL database of its own, for a partner whose tools speak to nothing else
    view.py      what the page of a sandbox says
    home.py      all of this for a home

No row of the release is in it: a resolved row tells by its key alone what others said of a person or thing (docs/sandboxes.md). Nothing
that builds a release may import it.
"""

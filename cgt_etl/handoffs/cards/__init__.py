"""The figures of a feedback card: what a partner handed on and received, what became of it, and what it could do.

    queries/*.sql   the questions, each one statement over a release's tables; `$party` is the partner, `$site` one of its sites
    ask.py          asks them; counts with them
    card.py         a card and its statements
    wording.py      the words for kinds, stages, causes and actions
    saying.py       what a release's cards share; how a statement is made
    own.py          what the partner itself did
    beyond.py       what became of it, peers, what was not captured, what to do
    figures.py      makes the card of one partner
    own_ids.py      a partner's own numbers, out of the vault, for a holder of the key

Every statement names the query, the condition and the number of rows behind it: anybody with the release can count again. Figures made of
others' rows come through `egress.peer_places` alone. Must not hold a page (`reports`), nor read a delivery but through `own_ids`.
"""

"""The collective tables: what all contributors learn of all, cut quarterly, so that nobody's rows can be worked out (issue 8, R52).

`plan` says which tables; `engine` cuts them; `ledger` keeps everything ever released; `audit` attacks a cut before it goes out; `publish`
is the one way out. These take rows, time and key as arguments; `rows` makes the rows of a release, and `home` does it all for a home.
`docs/sandboxes.md` says what is promised.
"""

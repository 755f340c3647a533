"""A sandbox as a PostgreSQL database of its own, on a server that the hub runs: optional, for partners whose tools speak to nothing else.

    server.py     how the hub reaches the server, and what the server must be like before a partner's rows go there
    tables.py     the tables of a sandbox as PostgreSQL has them, value for value
    tenant.py     the database and the role of one partner: made, locked, put in place of the one before, dropped
    queries/      what is asked of the server's catalogues, and the statement that locks a database

Needs psycopg (requirements/postgres.in), which nothing else imports. Decides nothing of what is in a sandbox, and writes no trail.
"""

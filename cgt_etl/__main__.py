"""`python -m cgt_etl` is the command line."""

from cgt_etl.cli import main

main()

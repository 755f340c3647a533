"""An arrival sheet: what the records of a release say of one dose that arrives, for the pharmacist who receives it.

    queries/*.sql   the questions, each one statement over a release's tables; `$dose` is the dose unit
    sheet.py        a sheet: its head, its verdicts, its sections; plain values
    doses.py        which doses a number or an id of the release means
    facts.py        asks, and says what came out; what nobody told is said to be not told
    words.py        the words for verdicts, and for what is not told

For information: it decides nothing about a product or a patient. Tells of one dose alone, names no other lot, and holds no number that is
not in a release but the dose's own lot, where a holder of the key asks for it. Must not hold a page (`reports`).
"""

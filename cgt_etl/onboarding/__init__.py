"""From a sample of an unknown export to a folder that somebody can finish: drafts of contracts, staging models and partner files.

What a sample shows is proposed, what it cannot show is asked for: both as TODO, which the loader refuses. Reads samples by the readers and
casts that will read the deliveries. Must not decide anything in a person's place, and writes no value of the sample anywhere.
"""

"""What came from what, asked of a release: recall of a donation, lot or bag, and drawings of the product graph.

Reads released tables alone, which hold no identifiers; what a person types is made into a token here and neither kept, logged nor said.
Builds nothing: the graph itself is made by the models (`product_edge`).
"""

KINDS = ("din", "bag", "lot", "batch", "material_lot")
"""Kinds of number that may be asked for. A bag is a donation's number with a product code, a division or both."""

"""Deliveries: every file that came, admitted or refused once per door, immutable, beside a vault for what only the vault may hold.

Holds the writing and listing of deliveries, the lease, the vault, relanding, quarantine and suppression. Must not hold any
rule about rows (that is the door's) nor anything that joins deliveries. What this file imports is light on purpose: the
decision that nothing is new is taken with it.
"""

from cgt_etl.landing.delivery import Delivery, deliveries

__all__ = ["Delivery", "deliveries"]

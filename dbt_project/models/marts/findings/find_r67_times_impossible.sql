{{ config(materialized='ephemeral') }}

-- Received after it was sent, used after it was received, and not longer on its way than its kind allows; the hold of its shipper is R62's.
-- What clocks may differ by is allowed, which each night may estimate anew.
{{ handoff_finding('R67', 'time_order_verdict') }}
where
    handoff.time_order_verdict in ('impossible', 'discrepant')
    or handoff.transit_verdict = 'impossible'
    or (handoff.transit_verdict = 'discrepant' and handoff.transit_h > handoff.transit_limit_h)

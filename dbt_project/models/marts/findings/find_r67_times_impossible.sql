{{ config(materialized='ephemeral') }}

-- Received after it was sent, used after it was received, and not longer on its way than its shipper or its kind allows. What clocks may
-- differ by is allowed, which each night may estimate anew.
{{ handoff_finding('R67', 'time_order_verdict') }}
where
    handoff.time_order_verdict in ('impossible', 'discrepant')
    or handoff.transit_verdict in ('impossible', 'discrepant')

{{ config(materialized='ephemeral') }}

-- The destination had it later than the shipper is qualified to hold: of the leg by the carrier, to which the hold counts.
{{ custody_finding('R62', 'qualified_until_at_utc') }}
where checked.is_held_too_long and coalesce(handoff.handoff_code, 'unknown') not in ('H07', 'H13')

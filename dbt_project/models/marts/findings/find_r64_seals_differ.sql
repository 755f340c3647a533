{{ config(materialized='ephemeral') }}

-- Who takes a box finds its seal broken, or another than who gave it.
{{ custody_finding('R64', 'seal_verdict') }}
where handoff.seal_verdict = 'discrepant'

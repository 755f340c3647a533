{{ config(materialized='ephemeral') }}

-- Who receives names other cells, or cells for another person, than who gave.
{{ handoff_finding('R65', 'identity_verdict') }}
where handoff.identity_verdict = 'discrepant'

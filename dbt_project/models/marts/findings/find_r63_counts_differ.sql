{{ config(materialized='ephemeral') }}

-- Who receives counts other things, or other numbers of cells, than who gave.
{{ handoff_finding('R63', 'count_verdict') }}
where handoff.count_verdict = 'discrepant'

{{ config(materialized='ephemeral') }}

-- A paper that this kind of handoff needs was not there, as either side says.
{{ custody_finding('R66', 'papers_verdict') }}
where handoff.papers_verdict = 'discrepant'

{{ config(materialized='ephemeral') }}

-- Warmer or colder on the way than the label of the contents allows, by the logger's readings or the carrier's sum of them, the lid closed.
{{ custody_finding('R60', 'temperature_verdict') }}
where handoff.temperature_verdict = 'discrepant'

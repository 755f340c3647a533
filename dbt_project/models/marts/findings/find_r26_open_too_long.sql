{{ config(materialized='ephemeral') }}

-- What was given has been received, is lost or cancelled, or is still open within the time that its kind takes. Judged by the edge of the
-- whole network's data: each night what is open is older.
{{ handoff_finding('R26', 'status_code') }}
where handoff.status_code = 'open' and handoff.open_h > handoff.open_limit_h

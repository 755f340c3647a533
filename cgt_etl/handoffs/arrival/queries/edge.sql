-- The last day on which something happened in the release.
select max(occurred_date) as last_date
from event

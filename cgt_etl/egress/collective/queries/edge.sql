-- One row: the last day of which the release tells.
select max(occurred_date) as edge_date
from event
where
    coalesce(status_code, '') not in (
        'entered_in_error', 'not_done', 'cancelled', 'refuted', 'planned', 'preparation', 'draft'
    )

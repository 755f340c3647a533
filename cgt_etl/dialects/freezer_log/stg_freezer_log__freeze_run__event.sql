select
    {{ fact_columns('deviation_opened') }},
    false as is_anonymous,
    'deviation_opened' as event_type,
    {{ time_from_instant('ended', 'occurred') }},
    'completed' as status,
    'freeze_run_aborted' as detail_code,
    din as din_token,
    {{ unstated('event', ['is_anonymous', 'event_type', 'occurred', 'status', 'detail_code', 'din_token']) }}
from {{ ref('stg_freezer_log__freeze_run') }}
where result_code = 'aborted'

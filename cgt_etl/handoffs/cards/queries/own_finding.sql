-- One row per thing that a rule found in a record that the partner delivered.
select
    finding_id,
    rule_id,
    effect,
    table_name,
    column_name,
    source_delivery,
    source_row
from finding
where source_delivery like replace($party, '_', '\_') || '/%' escape '\'

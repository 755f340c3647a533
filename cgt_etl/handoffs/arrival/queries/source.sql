-- Where the maker's own deliveries speak of the dose or its batch, for whoever has the key to look its number up.
select
    row_source.source_delivery,
    row_source.source_row_first as source_row
from row_source
inner join dose_unit on
    (row_source.table_name = 'dose_unit' and row_source.row_key = dose_unit.dose_unit_id)
    or (row_source.table_name = 'batch' and row_source.row_key = dose_unit.batch_id)
where dose_unit.dose_unit_id = $dose

-- One row per result of the certificates of release that stands: of the dose's own lot, or of the batch where it names no lot.
select
    measurement.measurement,
    measurement.method,
    measurement.denominator_code,
    measurement.value,
    measurement.comparator,
    measurement.value_code,
    measurement.unit,
    coalesce(measurement.lower_limit, specification.lower_limit) as lower_limit,
    coalesce(measurement.upper_limit, specification.upper_limit) as upper_limit,
    specification.limit_code,
    specification.version,
    measurement.status_code,
    measurement.verdict_code,
    measurement.recomputed_verdict_code
from measurement
inner join dose_unit on dose_unit.dose_unit_id = $dose
left join specification on measurement.specification_id = specification.specification_id
where
    measurement.timepoint_code = 'release'
    and measurement.superseded_by_measurement_id is null
    and (
        measurement.dose_unit_id = dose_unit.dose_unit_id
        or (measurement.dose_unit_id is null and measurement.batch_id = dose_unit.batch_id)
    )

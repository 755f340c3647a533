{{ config(materialized='view') }}

select
    {{ landed_columns('registry_ct__outcome__outcome') }},
    -- whose and what
    crid,
    {{ mapped('landed.prodname', 'product') }} as product_name_code,
    cellprodid as coi,
    batchno as batch,
    -- the infusion
    infdate_date,
    infdate_local,
    infdate_precision,
    entirevol as is_entire_volume_given,
    -- toxicity
    crsmax as crs_grade,
    crsmax__status as crs_status,
    {{ mapped('landed.crsscale', 'toxicity_scale') }} as crs_scale_code,
    neurotox as neurotoxicity_grade,
    neurotox__status as neurotoxicity_status,
    -- response
    {{ mapped('landed.bestresp', 'best_response') }} as response_code,
    bestresp__status as response_status,
    {{ mapped('landed.bestresp_scale', 'response_scale') }} as response_scale_code,
    -- engraftment and survival
    anc500dt_date,
    anc500dt_local,
    anc500dt_precision,
    anc500dt__status as neutrophil_engraftment_status,
    {{ mapped('landed.survstat', 'survival_status') }} as survival_code,
    survstat__status as survival_status,
    lastcontact_date,
    lastcontact_local,
    lastcontact_precision,
    -- measurements, as stated
    dose_e8,
    dose_e8__comparator,
    dose_e8__raw,
    dose_e8__status,
    wt_kg,
    wt_kg__comparator,
    wt_kg__raw,
    wt_kg__status,
    prior_lines,
    prior_lines__comparator,
    prior_lines__raw,
    prior_lines__status
from {{ source('registry_ct', 'outcome__outcome') }} as landed

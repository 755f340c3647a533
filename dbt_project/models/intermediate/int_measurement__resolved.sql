with fact as (
    {{ standing_facts('measurement') }}
),

said as (
    select
        {{ resolved_columns('measurement') }},
        {{ subject_id() }} as subject_id,
        by_coi.release_token as coi_id,
        by_din.release_token as din_id,
        by_batch.release_token as batch_id,
        by_lot.release_token as lot_id,
        by_sample.release_token as sample_id,
        collection.collection_id,
        case
            when fact.product_description_code is not null
                then {{ product_key('by_din.release_token', 'fact.product_description_code', 'fact.division') }}
        end as stated_product_id,
        administration.administration_id,
        {{ own_columns('measurement') }}
    from fact
    {{ join_identifiers('fact', ['subject', 'coi', 'din', 'batch', 'lot', 'sample']) }}
    left join {{ ref('int_collection__resolved') }} as collection on {{ same_record('fact', 'collection') }}
    left join {{ ref('int_administration__resolved') }} as administration on {{ same_record('fact', 'administration') }}
),

named as (
    select
        said.*,
        coalesce(renamed.product_id, said.stated_product_id) as product_id
    from said
    left join {{ ref('int_product__renamed') }} as renamed on said.stated_product_id = renamed.stated_product_id
)

select
    -- what a run measured stands again on the row of every bag it gave: one measurement, said several times
    case
        when named.collection_id is not null and named.product_id is null
            then {{ surrogate_key([
                "'measurement'", 'named.collection_id', 'named.measurement', 'named.specimen', 'named.method', 'named.timepoint',
                'named.comparator', 'named.value', 'named.value_code', 'named.value_status', 'named.party_id',
            ]) }}
        -- a certificate repeats what an earlier one of its batch said: one measurement; an interim result and the final one are two
        when named.batch_id is not null and named.timepoint = 'release' and named.product_id is null
            then {{ surrogate_key([
                "'measurement'", 'named.batch_id', 'named.lot_id', 'named.measurement', 'named.specimen', 'named.method', 'named.basis',
                'named.comparator', 'named.value', 'named.value_code', 'named.value_status', 'named.status', 'named.party_id',
            ]) }}
        -- what was measured of a whole sample stands again on the row of each of its components: one measurement, said several times
        when named.sample_id is not null and named.replicate is null
            then {{ surrogate_key([
                "'measurement'", 'named.sample_id', 'named.din_id', 'named.measurement', 'named.specimen', 'named.method', 'named.timepoint',
                'named.comparator', 'named.value', 'named.value_code', 'named.value_status', 'named.status', 'named.occurred_local',
                'named.party_id',
            ]) }}
        else named.measurement_statement_id
    end as measurement_id,
    named.*
from named

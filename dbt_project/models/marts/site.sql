select
    site_id,
    party_id,
    site_name,
    iana_zone,
    country_code,
    fin,
    gln
from {{ source('control', 'site') }}

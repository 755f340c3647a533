"""How long a recall takes, and what it holds, over a release of a million subjects.

Generates tables as a release has them (sorted, compressed, ids of 32 digits): each subject gives one donation of two bags, one of which
goes into a batch of one or two doses; every thousandth batch is given to fifty. One vector's lot goes into a thousand batches. Then asks
for things by their ids, each in a process of its own. Asserts nothing. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import duckdb

from cgt_etl.contracts.registry import Registry
from cgt_etl.genealogy.recall import recall
from cgt_etl.release.read import load
from cgt_etl.settings import Settings

TABLES = {
    "subject_no": "select range as n from range({subjects})",
    "dose_no": "select n, unnest(range(case when n % 1000 = 0 then 50 when n % 3 = 0 then 2 else 1 end)) as d from subject_no",
    "collection": (
        "select md5('c' || n) as collection_id, md5('din' || n) as din_id, md5('j' || n) as journey_id,"
        " 'apheresis' as collection_type_code, 's' || n % 40 as site_id, date '2020-01-01' + (n % 2000)::int as started_date,"
        " 200.0 as product_volume_ml, 4.0 as cd3_yield_10_9 from subject_no order by collection_id"
    ),
    "product": (
        "select md5('p' || n || '-' || d) as product_id, md5('din' || n) as din_id, md5('c' || n) as collection_id,"
        " 'A0001' as product_description_code, '0' || d as division, 'fresh' as state_code, 100.0 as volume_ml,"
        " date '2020-01-01' + (n % 2000)::int as created_date from subject_no, range(2) as bag(d) order by product_id"
    ),
    "batch": (
        "select md5('b' || n) as batch_id, md5('o' || n) as therapy_order_id, 'unacel' as product_name_code,"
        " md5('v' || n // 1000) as gene_agent_lot_id, date '2020-02-01' as ended_date, 'released' as disposition_code"
        " from subject_no order by batch_id"
    ),
    "dose_unit": (
        "select md5('d' || n || '-' || d) as dose_unit_id, md5('l' || n || '-' || d) as lot_id, 'unacel' as product_name_code,"
        " null::varchar as component_code, null::varchar as disposition_code from dose_no order by dose_unit_id"
    ),
    "administration": (
        "select md5('a' || n || '-' || d) as administration_id, md5('s' || n || d) as subject_id, md5('j' || n) as journey_id,"
        " 'unacel' as product_name_code, 's' || (n + d) % 40 as site_id, date '2020-03-01' as started_date, 150.0 as cells_given_10_6,"
        " true as has_entire_volume from dose_no order by administration_id"
    ),
    "product_edge": (
        "select *, null::double as cell_count_10_6, null as analyte, null as method from ("
        " select 'collection' as parent_table, collection_id as parent_key, 'product' as child_table, product_id as child_key,"
        "  'create' as edge_type, volume_ml from product"
        " union all select 'product', md5('p' || n || '-0'), 'batch', md5('b' || n), 'consume', 100.0 from subject_no"
        " union all select 'batch', md5('b' || n), 'dose_unit', md5('d' || n || '-' || d), 'fill', 20.0 from dose_no"
        " union all select 'dose_unit', md5('d' || n || '-' || d), 'administration', md5('a' || n || '-' || d), 'administer', null"
        "  from dose_no) order by parent_key, child_key"
    ),
    "event": (
        "select md5('e' || n || '-' || k) as event_id, case k when 0 then 'apheresis_completed' when 1 then 'harvest_completed'"
        "  when 2 then 'shipment_packed' when 3 then 'shipment_received' else 'in_process_check' end as event_type,"
        " case when k = 0 then md5('c' || n) end as collection_id, null::varchar as product_id,"
        " case when k in (1, 4, 5) then md5('b' || n) end as batch_id, case when k = 2 then md5('d' || n || '-0') end as dose_unit_id,"
        " null::varchar as administration_id, case when k in (2, 3) then md5('t' || n) end as shipment_id, 's' || n % 40 as site_id,"
        " timestamp '2020-01-01' + to_days(k::int) as occurred_at_utc, date '2020-01-01' + k::int as occurred_date"
        " from subject_no, range(6) as kind(k) order by event_id"
    ),
    "shipment": "select md5('t' || n) as shipment_id, 's' || n % 40 as to_site_id from subject_no order by shipment_id",
    "row_source": (
        "select md5(thing || key || k) as row_source_id, thing as table_name, key as row_key,"
        " 'partner_of_network/feed/' || substring(md5(key), 1, 16) as source_delivery, k as source_row_first, k as source_row_last from ("
        " select 'collection' as thing, collection_id as key from collection union all select 'product', product_id from product"
        " union all select 'batch', batch_id from batch union all select 'dose_unit', dose_unit_id from dose_unit"
        " union all select 'administration', administration_id from administration), range(2) as record(k)"
        " order by table_name, row_key, row_source_id"
    ),
    "journey": "select md5('j' || n) as journey_id, md5('o' || n) as therapy_order_id from subject_no order by journey_id",
    "site": "select 's' || range as site_id, 'Site' as site_name, 'p' || range as party_id, 'US' as country_code from range(40)",
    "party": "select 'p' || range as party_id, 'Party' as party_name from range(40)",
    "delivery": "select 'landed' as status_code, 0::bigint as set_aside_unit_count, 0::bigint as erased_unit_count from range(10000)",
}
ASKED = {
    "donation": "din1001",
    "bag": "p2001-0",
    "dose": "d3000-0",
    "donation for fifty": "din5000",
    "vector's lot": "v7",
    "journey": "j12",
    "unknown": "nobody",
}


def generate(folder: Path, subjects: int) -> int:
    """A release in `folder`; gives the number of steps."""
    tables = {}
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        for name, query in TABLES.items():
            connection.execute(f"create table {name} as {query.format(subjects=subjects)}")
            path = folder / "tables" / name / "part-0000.parquet"
            path.parent.mkdir(parents=True)
            connection.execute(f"copy {name} to '{path}' (format parquet, compression zstd, row_group_size 122880)")
            tables[name] = {"files": [f"tables/{name}/part-0000.parquet"]}
        (steps,) = connection.execute("select count(*) from product_edge").fetchone() or (0,)
    manifest = {"release_id": "0001-" + "0" * 16, "tables": tables, "inputs": {"deliveries": {}}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return int(steps)


def ask(folder: Path, what: str) -> tuple[float, float, int, int]:
    """Seconds, processor seconds, MiB resident at most, and things found."""
    with duckdb.connect() as connection:
        (key,) = connection.execute("select md5(?)", [what]).fetchone() or ("",)
    start, worked = time.perf_counter(), time.process_time()
    found = recall(Settings(folder, (), ()), load(folder), Registry({}, {}, {}, []), key)
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    return seconds, worked, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, len(found.things)


def main() -> None:
    """Generate once, ask everything, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=1_000_000)
    subjects = parser.parse_args().subjects
    with tempfile.TemporaryDirectory() as folder:
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # what it holds at most would count for each process after it
            steps = pool.apply(generate, (Path(folder), subjects))
        print(f"{subjects:,} subjects, {steps:,} steps\n\n| asked for | things | s | processor s | MiB at most |\n|---|---|---|---|---|")
        for name, what in ASKED.items():
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                seconds, worked, resident, things = pool.apply(ask, (Path(folder), what))
            print(f"| {name} | {things:,} | {seconds:.1f} | {worked:.1f} | {resident:,} |")


if __name__ == "__main__":
    main()

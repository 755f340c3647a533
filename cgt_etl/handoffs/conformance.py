"""Whether each journey of a release kept to the path that its modality allows, and where it did not.

The path is `vocabularies/allowed_paths.csv`: relations between kinds of step within one journey, collection, batch, shipment or
administration, in the manner of declarative process models (Pesic and van der Aalst 2006). So several collections, cycles, batches
(re-manufacture), partial and repeated infusions and a backup product need no paths of their own: they are further objects. Only what a
later step shows to have been left out is missing; what has not happened yet by the edge of the data is no deviation. Holds no
judgement of how long anything took, and no statistics.
"""

from __future__ import annotations

import csv
from typing import Any

import polars as pl

from cgt_etl.handoffs.reading import views
from cgt_etl.release.read import Release
from cgt_etl.settings import PACKAGE

KINDS = ("step_missing", "out_of_order", "not_allowed", "repeated")
MODALITIES = ("auto_cart", "ghsc", "hsct", "allo")
OBJECTS = ("journey", "collection", "batch", "shipment", "administration")

_IS_JUDGED = "(j.modality_code in ('hsct', 'allo') or (j.modality_code is not null and j.therapy_order_id is not null))"
"""A product made for one person is made by an order: whose journey has none (a registry's own patient number, say) is known by an infusion
alone, and the steps before it are in another journey, if anybody tells of them."""
_STEPS = f"""
select j.journey_id, j.modality_code as modality, j.product_name_code as product, e.event_id, e.event_type as step, e.occurred_at_utc,
       e.occurred_date, coalesce(e.occurred_at_utc, e.occurred_date::timestamp) as ordering, o.per, o.object_id
from journey j
join journey_event using (journey_id)
join event e using (event_id)
cross join lateral (values ('journey', j.journey_id), ('collection', e.collection_id), ('batch', e.batch_id), ('shipment', e.shipment_id),
  ('administration', e.administration_id)) as o(per, object_id)
where o.object_id is not null and {_IS_JUDGED}
"""  # noqa: S608
_PAIRS = """
with told as (  -- whose records tell of the earlier step at all: of a step that no journey of the product has, its absence says nothing
  select distinct relation_id, s.modality, s.product
  from relation r join step s on s.modality = r.modality and s.per = r.per and list_contains(r.earlier, s.step)
)
select r.relation_id, b.journey_id, b.modality, b.product, b.per, b.object_id, b.event_id, b.step, b.ordering,
       count(a.event_id) as many,
       count(t.relation_id) > 0 as is_told,
       count(a.event_id) filter (not (case when a.occurred_at_utc is not null and b.occurred_at_utc is not null
                                      then a.occurred_at_utc > b.occurred_at_utc
                                      else coalesce(a.occurred_date > b.occurred_date, false) end)) as before,
       count(a.event_id) filter (case when a.occurred_at_utc is not null and b.occurred_at_utc is not null
                                      then a.occurred_at_utc < b.occurred_at_utc
                                      else coalesce(a.occurred_date < b.occurred_date, false) end) as surely_before
from relation r
join step b on b.modality = r.modality and b.per = r.per and b.step = r.later
left join step a on a.journey_id = b.journey_id and a.per = b.per and a.object_id = b.object_id and list_contains(r.earlier, a.step)
left join told t on t.relation_id = r.relation_id and t.modality = b.modality and t.product is not distinct from b.product
where r.relation <> 'once'
group by all
"""
_FOUND = f"""
with pair as ({_PAIRS}),
found as (
  select p.*, case
      when r.relation = 'needs' and many = 0 and is_told then 'step_missing'
      when r.relation in ('needs', 'orders') and many > 0 and before = 0 then 'out_of_order'
      when r.relation = 'ends' and surely_before > 0 then 'not_allowed'
    end as deviation, array_to_string(r.earlier, ' or ') as other
  from pair p join relation r using (relation_id)
),
foreign_step as (
  select journey_id, modality, product, 'journey' as per, journey_id as object_id, event_id, step, ordering,
         'not_allowed' as deviation, null as other
  from step semi join foreign_to using (modality, step) where per = 'journey'
),
again as (
  select s.journey_id, s.modality, s.product, s.per, s.object_id, s.event_id, s.step, s.ordering, 'repeated' as deviation, null as other
  from relation r join step s on s.modality = r.modality and s.per = r.per and s.step = r.later where r.relation = 'once'
  qualify row_number() over (partition by r.relation_id, s.journey_id, s.object_id order by s.ordering nulls last, s.event_id) = 2
),
everything as (
  select journey_id, modality, product, per, object_id, event_id, step, ordering, deviation, other from found where deviation is not null
  union all from foreign_step
  union all from again
)
select journey_id, modality, product, deviation, case when deviation = 'step_missing' then other else step end as step,
       case when deviation = 'step_missing' then step else other end as against, per, object_id, event_id
from everything
qualify row_number() over (
  partition by journey_id, per, object_id, deviation, everything.step, other order by ordering nulls last, event_id) = 1
order by journey_id, ordering nulls last, everything.step, deviation, against, per, object_id
"""  # noqa: S608


def deviations(release: Release) -> pl.DataFrame:
    """Where journeys left the allowed path, in order of journey and time; at most one of a kind, step and object.

    Returns:
        `journey_id`, `modality`, `product`, `deviation` (of `KINDS`), `step` (which is missing, came too early, may not be there or was
        repeated; alternatives with ` or ` between), `against` (the step that shows it; null where it stands alone), `per` (of `OBJECTS`),
        `object_id`, `event_id` (of the step; where it is missing, of the one that shows it).
    """
    relations, foreign = allowed()
    with views(release, "journey", "journey_event", "event") as connection:
        connection.register("relation", relations)
        connection.register("foreign_to", foreign)
        connection.execute(f"create temp table step as {_STEPS}")
        return connection.execute(_FOUND).pl()


def judged(release: Release) -> pl.DataFrame:
    """Journeys by modality; those whose modality no record tells, or that lack the order of a product made for one, are not judged.

    Returns:
        `modality` (null: not judged), `journeys`.
    """
    with views(release, "journey") as connection:
        modality = f"case when {_IS_JUDGED} then j.modality_code end as modality"
        query = f"select {modality}, count(*) as journeys from journey j group by all order by all nulls last"  # noqa: S608
        return connection.execute(query).pl()


def allowed() -> tuple[pl.DataFrame, pl.DataFrame]:
    """The path.

    Returns:
        Relations (`relation_id`, `modality`, `per`, `relation`, `earlier` (list: any of these), `later`), and the steps that a modality
        does not have (`modality`, `step`): those of other modalities in `event_types.csv` that no relation of its own names.
    """
    relations, named = [], set()
    for number, row in enumerate(_rows("allowed_paths")):
        earlier = row["earlier"].split(";") if row["earlier"] else []
        for modality in _modalities(row["modality"]):
            relations.append((number, modality, row["per"], row["relation"], earlier, row["later"]))
            if row["modality"] != "all":
                named |= {(modality, step) for step in (*earlier, row["later"])}
    foreign = [
        (modality, row["event_type"])
        for row in _rows("event_types")
        for modality in MODALITIES
        if modality not in _modalities(row["modality"]) and (modality, row["event_type"]) not in named
    ]
    names: dict[str, Any] = {
        "relation_id": pl.Int64,
        "modality": pl.String,
        "per": pl.String,
        "relation": pl.String,
        "earlier": pl.List(pl.String),
    }
    return (
        pl.DataFrame(relations, {**names, "later": pl.String}, orient="row"),
        pl.DataFrame(foreign, {"modality": pl.String, "step": pl.String}, orient="row"),
    )


def _modalities(said: str) -> tuple[str, ...]:
    return MODALITIES if said == "all" else tuple(said.split(";"))


def _rows(name: str) -> list[dict[str, str]]:
    with (PACKAGE / "vocabularies" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

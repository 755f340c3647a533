"""The rows of the released tables that one simulated journey gives; `tables` gathers them.

Only values: which columns there are stands in `table_shapes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from cgt_etl.simulator.calendar import hours_between
from cgt_etl.simulator.genealogy import expiry
from cgt_etl.simulator.model import Batch, Collection, CordUnit, Journey, Person
from cgt_etl.simulator.plant import process_version
from cgt_etl.simulator.table_words import BENDAMUSTINE_DAYS, COMPONENTS, DEVICES, INDICATIONS, MODALITIES, REACTIONS, RESPONSES, UNITS
from cgt_etl.simulator.world.plan import EDITED, NK, TRANSPLANTS

Row = dict[str, Any]


def subject_key(person: Person) -> str:
    return f"person-{person.number}"


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def _times(prefix: str, moment: datetime) -> Row:
    """The five columns in which a released table states one time."""
    return {
        f"{prefix}_at_utc": _utc(moment),
        f"{prefix}_local": f"{moment:%Y-%m-%dT%H:%M}",
        f"{prefix}_date": moment.date(),
        f"{prefix}_precision": "minute",
        f"{prefix}_zone_source": "site",
    }


def _age(person: Person, on: date) -> int:
    return on.year - person.born.year - ((on.month, on.day) < (person.born.month, person.born.day))


class Rows:
    """The rows of one journey."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.id = f"journey-{journey.number}"
        self.order = f"order-{journey.number}" if journey.order_id else None
        self.patient = subject_key(journey.patient)
        self.is_named = {run.din: run.is_autologous or run.procedure == "HPC" for run in journey.collections}
        """Collections for this recipient; of an off-the-shelf donor's nobody is named."""
        self.product = journey.product.name.lower() if journey.product.manufacturer else None

    def all(self) -> Iterator[tuple[str, Row]]:
        """Every row with the name of its table."""
        if self.order:
            yield "therapy_order", self._order_row()
        yield "journey", self._journey_row()
        for place, run in enumerate(self.journey.collections):
            yield "collection", self._collection_row(run)
            yield from self._around(run, place)
        for unit in self.journey.cord_units:
            yield "collection", self._cord_row(unit)
        yield from self._bags()
        for batch in self.journey.batches:
            yield from self._batch_rows(batch)
        yield from self._administrations()
        yield from self._shipments()
        yield from self._outcomes()
        yield from self._patient()

    def _order_row(self) -> Row:
        journey = self.journey
        return {
            "therapy_order_id": self.order,
            "order_id": journey.order_id,
            "coi_id": journey.coi or None,
            "subject_id": self.patient,
            "product_name_code": self.product,
            "sponsor_party_id": journey.product.sponsor or None,
            "issued_date": journey.ordered.date() if journey.ordered else None,
            "cancelled_date": None if journey.administrations else journey.dropped_out_on,
            "status_code": "completed" if journey.administrations else "cancelled" if journey.dropped_out_on else "active",
        }

    def _journey_row(self) -> Row:
        journey = self.journey
        infused = journey.administrations[0].started.date() if journey.administrations else None
        days = [run.started.date() for run in journey.collections if self.is_named[run.din]]
        batches = [batch for batch in journey.batches if batch.coi]
        last = max((day for day in days if infused is None or day <= infused), default=None)
        farthest = (
            "infused" if infused else "manufactured" if batches else "collected" if days else "ordered" if self.order else "registered"
        )
        seen = infused or (days[0] if days else None)
        return {
            "journey_id": self.id,
            "subject_id": self.patient,
            "therapy_order_id": self.order,
            "modality_code": MODALITIES[journey.modality],
            "indication_code": INDICATIONS[journey.indication[:3]],
            "product_name_code": self.product,
            "line_of_therapy": journey.features.prior_lines + 1 if journey.features.prior_lines else None,
            "status_code": farthest,
            "attempt_count": len(batches),
            "collection_count": len(days),
            "infusion_count": len(journey.administrations),
            "first_collection_date": min(days, default=None),
            "last_collection_date": last,
            "first_infusion_date": infused,
            "vein_to_vein_first_days": (infused - min(days)).days if infused and days else None,
            "vein_to_vein_last_days": (infused - last).days if infused and last else None,
            "age_years": _age(journey.patient, seen) if seen else None,
            "is_contested": False,
        }

    def _event(self, event_type: str, moment: datetime, person: Person | None, **links: str | None) -> tuple[str, Row]:
        concerned = next((value for value in links.values() if value), self.id)
        return "event", {
            "event_id": f"{event_type}/{concerned}/{self.journey.number}",
            "event_type": event_type,
            "subject_id": subject_key(person) if person else None,
            **links,
            **_times("occurred", moment),
            "age_years": _age(person, moment.date()) if person else None,
        }

    def _collection_row(self, run: Collection) -> Row:
        named = self.is_named[run.din]
        is_hpc = run.procedure == "HPC"
        ce2 = 100 * run.cd3_yield / (run.pre_cd3 * 1000 * run.blood_ml)
        return {
            "collection_id": run.din,
            "din_id": run.din,
            "donor_subject_id": subject_key(run.donor),
            "recipient_subject_id": self.patient if named else None,
            "therapy_order_id": self.order if named else None,
            "journey_id": self.id if named else None,
            "is_autologous": run.is_autologous,
            "collection_type_code": "apheresis",
            "site_id": run.blood_centre.partner,
            "procedure_type_code": "hpc_collection" if is_hpc else "mnc_collection",
            "device_model_code": DEVICES[run.device],
            **_times("started", run.started),
            **_times("ended", run.completed),
            "total_blood_volume_ml": run.blood_volume_ml,
            "inlet_volume_ml": run.inlet_ml,
            "anticoagulant_ml": run.anticoagulant_ml,
            "whole_blood_processed_ml": run.inlet_ml - run.anticoagulant_ml,
            "reported_whole_blood_processed_ml": run.blood_ml,
            "run_time_min": hours_between(run.started, run.completed) * 60,
            "product_volume_ml": run.product_ml,
            "cd3_yield_10_9": run.cd3_yield / 1e9,
            "cd34_yield_10_6": run.cd34_yield / 1e6 if is_hpc else None,
            "tnc_yield_10_9": run.product_wbc_e6_per_ml * run.product_ml / 1000,
            "pre_cd3_per_ul": run.pre_cd3,
            "post_cd3_per_ul": run.post_cd3,
            "ce1_percent": None if run.post_cd3 is None else ce2 * 2 * run.pre_cd3 / (run.pre_cd3 + run.post_cd3),
            "ce2_percent": ce2,
            "reported_ce2_percent": run.ce2,
            "is_cryopreserved": any(bag.din == run.din and bag.state == "cryopreserved" for bag in self.journey.bags),
            "adverse_event_code": REACTIONS[run.reaction] if run.reaction else None,
        }

    def _cord_row(self, unit: CordUnit) -> Row:
        return {
            "collection_id": unit.din,
            "din_id": unit.din,
            "recipient_subject_id": self.patient,
            "journey_id": self.id,
            "is_autologous": False,
            "collection_type_code": "cord",
            "site_id": unit.cord_bank.partner,
            **_times("started", unit.collected),
            "product_volume_ml": unit.volume_ml,
            "cd34_yield_10_6": unit.cd34_e6,
            "tnc_yield_10_9": unit.tnc_e9,
            "is_cryopreserved": True,
        }

    def _around(self, run: Collection, place: int) -> Iterator[tuple[str, Row]]:
        order = self.order if self.is_named[run.din] else None
        yield self._event("apheresis_started", run.started, run.donor, collection_id=run.din, therapy_order_id=order)
        yield self._event("apheresis_completed", run.completed, run.donor, collection_id=run.din, therapy_order_id=order)
        of = {"subject_id": subject_key(run.donor), "collection_id": run.din, "therapy_order_id": order}
        values = {"product_cd14_pct": run.cd14_pct, "product_viability_pre": run.viability, "pb_cd3_abs": run.pre_cd3}
        if run.procedure == "HPC":
            values["pb_cd34_abs"] = run.pre_cd34
        if place == len(self.journey.collections) - 1 and self.journey.features.starting_material:
            values["hold_time_pre_freeze"] = self.journey.features.hold_h
        for name, value in values.items():
            yield self._measurement(name, value, run.started, run.din, **of)
        if not run.is_autologous:
            smokes = "current" if run.donor.is_smoker else "never"
            yield self._measurement("smoking_status", None, run.started, run.din, value_code=smokes, **of)

    def _measurement(self, name: str, value: float | None, moment: datetime, owner: str, **more: Any) -> tuple[str, Row]:
        return "measurement", {
            "measurement_id": f"{name}/{owner}/{self.journey.number}",
            "measurement": name,
            "replicate_no": 1,
            **_times("occurred", moment),
            "value": value,
            "unit": UNITS.get(name),
            "status_code": "final",
            "value_status": "ok",
            **more,
        }

    def _bags(self) -> Iterator[tuple[str, Row]]:
        collected = {run.din for run in self.journey.collections} | {unit.din for unit in self.journey.cord_units}
        for bag in self.journey.bags:
            yield (
                "product",
                {
                    "product_id": bag.key,
                    "din_id": bag.din,
                    "product_description_code": bag.product_code[:5],
                    "collection_type_letter": bag.product_code[5],
                    "division": bag.division,
                    "collection_id": bag.din if bag.din in collected else None,
                    "state_code": bag.state,
                    "volume_ml": bag.volume_ml,
                    "created_date": bag.created.date(),
                    "expiry_date": expiry(bag),
                    "is_division_contradicted": False,
                },
            )
            if not bag.made_from:
                yield self._edge(("collection", bag.din), ("product", bag.key), "create", bag.volume_ml, bag.cd3_e6)
            for parent in bag.made_from:
                is_alone = len(bag.made_from) == 1
                amounts = (bag.volume_ml, bag.cd3_e6) if is_alone else (None, None)
                yield self._edge(("product", parent), ("product", bag.key), bag.edge, *amounts)

    def _edge(
        self, parent: tuple[str, str], child: tuple[str, str], kind: str, volume_ml: float | None = None, cells_e6: float | None = None
    ) -> tuple[str, Row]:
        return "product_edge", {
            "parent_table": parent[0],
            "parent_key": parent[1],
            "child_table": child[0],
            "child_key": child[1],
            "edge_type": kind,
            "volume_ml": volume_ml,
            "cell_count_10_6": cells_e6,
            "analyte": "cd3" if cells_e6 is not None else None,
        }

    def _batch_rows(self, batch: Batch) -> Iterator[tuple[str, Row]]:
        recipient = self.patient if batch.coi else None
        order = self.order if batch.coi else None
        person = self.journey.patient if batch.coi else None
        name = batch.product.name.lower()
        ended = batch.harvested or batch.terminated
        yield (
            "batch",
            {
                "batch_id": batch.number,
                "therapy_order_id": order,
                "recipient_subject_id": recipient,
                "parent_batch_id": batch.replaces or None,
                "product_name_code": name,
                "process_version": process_version(batch),
                "gene_agent_lot_id": next((lot.lot for lot in batch.materials if lot.kind == "vector"), None),
                "started_date": batch.started.date(),
                "ended_date": ended.date() if ended else None,
                "disposition_code": batch.disposition,
            },
        )
        for bag in batch.inputs:
            yield self._edge(("product", bag.key), ("batch", batch.number), "consume", bag.volume_ml, bag.cd3_e6)
        for unit in batch.dose_units:
            yield (
                "dose_unit",
                {
                    "dose_unit_id": unit.lot,
                    "lot_id": unit.lot,
                    "batch_id": batch.number,
                    "recipient_subject_id": recipient,
                    "product_name_code": name,
                    "component_code": COMPONENTS[unit.component],
                    "planned_cells_10_6": unit.car_pos_e6,
                    "planned_car_positive_cells_10_6": unit.car_pos_e6 if batch.product.is_gene_modified else None,
                    "disposition_code": batch.disposition,
                },
            )
            yield self._edge(("batch", batch.number), ("dose_unit", unit.lot), "fill", None, unit.car_pos_e6)
        moments = {
            "starting_material_accepted": batch.accepted,
            "remanufacture_started" if batch.replaces else "manufacturing_started": batch.started,
            "harvest_completed": batch.harvested,
            "drug_product_filled": batch.filled,
            "batch_terminated": batch.terminated,
            "batch_oos" if batch.out_of_specification else "batch_released": None if batch.terminated else batch.disposed,
        }
        for event_type, moment in moments.items():
            if moment:
                yield self._event(event_type, moment, person, batch_id=batch.number, therapy_order_id=order)
        of = {"subject_id": recipient, "batch_id": batch.number, "therapy_order_id": order}
        for point in batch.points:
            if point.parameter == "FOLD":
                yield self._measurement("fold_expansion", point.value, point.at, batch.number, **of)
        for test in batch.certificate.tests if batch.certificate else ():
            yield self._measurement(
                test.name,
                test.value,
                batch.certificate.issued if batch.certificate else batch.started,
                batch.number,
                value_code=test.text or None,
                comparator=test.comparator or None,
                method=test.method,
                lower_limit=test.lower,
                upper_limit=test.upper,
                verdict_code=None if test.is_within is None else "pass" if test.is_within else "fail",
                **of,
            )

    def _administrations(self) -> Iterator[tuple[str, Row]]:
        for given in self.journey.administrations:
            key = f"{self.id}/infusion-{given.number}"
            order = None if given.arm == "graft" else self.order
            weight = self.journey.patient.weight_kg
            yield (
                "administration",
                {
                    "administration_id": key,
                    "subject_id": self.patient,
                    "therapy_order_id": order,
                    "journey_id": self.id,
                    "product_name_code": given.product.name.lower() if given.product.manufacturer else None,
                    "site_id": self.journey.hospital.partner,
                    **_times("started", given.started),
                    **_times("ended", given.completed),
                    "has_entire_volume": given.fraction_given == 1.0,
                    "cells_given_10_6": given.dose_e6,
                    "dose_per_kg_10_6": given.dose_e6 / weight,
                    "recipient_weight_kg": weight,
                    "started_local_hour": given.started.hour + given.started.minute / 60,
                    "pathway_code": given.pathway or None,
                },
            )
            for lot in given.lots:
                yield self._edge(("product" if given.arm == "graft" else "dose_unit", lot), ("administration", key), "administer")
            patient = self.journey.patient
            if given.conditioning_started:
                noon = datetime.combine(given.conditioning_started, datetime.min.time(), given.started.tzinfo).replace(hour=10)
                kind = "conditioning_started" if given.arm in ("graft", "CD34") else "lymphodepletion_started"
                yield self._event(kind, noon, patient, administration_id=key, therapy_order_id=order)
            if given.pathway_approved:
                kind = "out_of_specification_pathway_approved"
                yield self._event(kind, given.pathway_approved, patient, batch_id=given.batch, therapy_order_id=order)
            yield self._event("infusion_started", given.started, patient, administration_id=key, therapy_order_id=order)
            yield self._event("infusion_completed", given.completed, patient, administration_id=key, therapy_order_id=order)

    def _shipments(self) -> Iterator[tuple[str, Row]]:
        for shipment in self.journey.shipments:
            yield (
                "shipment",
                {
                    "shipment_id": shipment.sscc,
                    "sscc_id": shipment.sscc,
                    "awb_id": shipment.awb,
                    "from_site_id": shipment.origin,
                    "to_site_id": shipment.destination,
                    "sent_at_utc": _utc(shipment.picked_up),
                    "received_at_utc": _utc(shipment.delivered),
                    "out_of_specification_min": float(shipment.excursion_min),
                    "lid_opening_count": int(shipment.lid_opened is not None),
                    "gap_min": float(shipment.gap_min),
                },
            )
            yield self._event("shipment_dispatched", shipment.picked_up, None, shipment_id=shipment.sscc)
            yield self._event("shipment_received", shipment.delivered, None, shipment_id=shipment.sscc)

    def _outcomes(self) -> Iterator[tuple[str, Row]]:
        outcome, journey = self.journey.outcome, self.journey
        if not journey.administrations:
            return
        first = next((given for given in journey.administrations if given.arm == "T"), journey.administrations[0])
        day = first.started.date()
        of = {
            "subject_id": self.patient,
            "journey_id": self.id,
            "administration_id": f"{self.id}/infusion-{first.number}",
            "batch_id": first.batch or None,
            "site_id": journey.hospital.partner,
            "value_status": "ok",
        }

        def said(kind: str, **more: Any) -> tuple[str, Row]:
            return "outcome", {"outcome_id": f"{kind}/{self.id}", "outcome_type": kind, **of, **more}

        if journey.modality in (*TRANSPLANTS, EDITED):
            for kind, engrafted in (("neutrophil_engraftment", outcome.anc_engraft_day), ("platelet_engraftment", outcome.plt_engraft_day)):
                yield said(kind, day_from_infusion=engrafted, is_never=engrafted is None, is_censored=engrafted is None)
        else:
            yield said("crs", scale_code="astct", grade=outcome.crs_grade, day_from_infusion=outcome.crs_onset_day)
            yield said("icans", scale_code="astct", grade=outcome.icans_grade)
            yield said("response", scale_code="lugano", value_code=RESPONSES[outcome.response])
        until = (outcome.died - day).days if outcome.died else 365
        dead = outcome.died is not None
        yield said("survival", value_code="dead" if dead else "alive", value=float(until), unit="d", is_censored=not dead)
        relapse = (outcome.relapsed - day).days if outcome.relapsed else min(until, 365)
        yield said("relapse", onset_date=outcome.relapsed, value=float(relapse), unit="d", is_censored=outcome.relapsed is None)

    def _patient(self) -> Iterator[tuple[str, Row]]:
        features = self.journey.features
        if self.journey.modality in (*TRANSPLANTS, EDITED, NK) or not self.journey.ordered:
            return
        of = {"subject_id": self.patient, "therapy_order_id": self.order}
        values = {"prior_lines": float(features.prior_lines), "pb_cd4_cd8_ratio": features.cd4_cd8_ratio, "pb_alc": features.lymphocytes}
        if features.had_bendamustine:
            values["days_since_bendamustine"] = BENDAMUSTINE_DAYS
        for name, value in values.items():
            yield self._measurement(name, value, self.journey.ordered, self.id, **of)
        yield self._event("order_placed", self.journey.ordered, self.journey.patient, therapy_order_id=self.order)

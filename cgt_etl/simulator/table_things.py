"""The rows of the released tables that the things of one simulated journey give: collections, bags, batches, dose units, shipments.

Only values: which columns there are stands in `table_shapes`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cgt_etl.simulator.calendar import hours_between
from cgt_etl.simulator.genealogy import expiry
from cgt_etl.simulator.model import Batch, Collection, CordUnit
from cgt_etl.simulator.plant import process_version
from cgt_etl.simulator.table_row import JourneyRows, Row, subject_key, times, utc
from cgt_etl.simulator.table_words import COMPONENTS, DEVICES, REACTIONS


class ThingRows(JourneyRows):
    """The rows of a journey's things."""

    def products(self) -> Iterator[tuple[str, Row]]:
        """What was collected and made, in order, each row with the name of its table."""
        for place, run in enumerate(self.journey.collections):
            yield "collection", self._collection_row(run)
            yield from self._around(run, place)
        for unit in self.journey.cord_units:
            yield "collection", self._cord_row(unit)
        yield from self._bags()
        for batch in self.journey.batches:
            yield from self._batch_rows(batch)

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
            **times("started", run.started),
            **times("ended", run.completed),
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
            **times("started", unit.collected),
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
                    "container_no": "1" if unit.containers == 1 else None,
                    "container_count": unit.containers,
                    "expiry_date": unit.expires,
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

    def shipments(self) -> Iterator[tuple[str, Row]]:
        for shipment in self.journey.shipments:
            yield (
                "shipment",
                {
                    "shipment_id": shipment.sscc,
                    "sscc_id": shipment.sscc,
                    "awb_id": shipment.awb,
                    "from_site_id": shipment.origin,
                    "to_site_id": shipment.destination,
                    "sent_at_utc": utc(shipment.picked_up),
                    "received_at_utc": utc(shipment.delivered),
                    "out_of_specification_min": float(shipment.excursion_min),
                    "lid_opening_count": int(shipment.lid_opened is not None),
                    "gap_min": float(shipment.gap_min),
                },
            )
            yield self._event("shipment_dispatched", shipment.picked_up, None, shipment_id=shipment.sscc)
            yield self._event("shipment_received", shipment.delivered, None, shipment_id=shipment.sscc)

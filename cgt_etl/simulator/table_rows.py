"""The rows of the released tables that one simulated journey gives; `tables` gathers them.

Only values: which columns there are stands in `table_shapes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cgt_etl.simulator.table_row import Row, age, times
from cgt_etl.simulator.table_things import ThingRows
from cgt_etl.simulator.table_words import BENDAMUSTINE_DAYS, INDICATIONS, MODALITIES, RESPONSES
from cgt_etl.simulator.world.plan import EDITED, NK, TRANSPLANTS


class Rows(ThingRows):
    """The rows of one journey."""

    def all(self) -> Iterator[tuple[str, Row]]:
        """Every row with the name of its table."""
        if self.order:
            yield "therapy_order", self._order_row()
        yield "journey", self._journey_row()
        yield from self.products()
        yield from self._administrations()
        yield from self.shipments()
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
            "age_years": age(journey.patient, seen) if seen else None,
            "is_contested": False,
        }

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
                    **times("started", given.started),
                    **times("ended", given.completed),
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

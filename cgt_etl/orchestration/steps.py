"""The steps of one night, each once, over one state: what the plain composition and the Dagster form both call.

Holds what passes from step to step (deliveries, plan, build file, verdict) and keeps the report. Imports a step's package when the
step runs: a night with nothing new never loads dbt, Great Expectations or the door. Must not import dagster.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError, place_of
from cgt_etl.landing.delivery import Landed, deliveries
from cgt_etl.landing.inbox import Found, land_all, scan
from cgt_etl.landing.lease import lease
from cgt_etl.landing.ready import Watch
from cgt_etl.orchestration.report import FileLine, GateLine, NightReport
from cgt_etl.release import night_record, read
from cgt_etl.release import plan as planning
from cgt_etl.settings import Settings

if TYPE_CHECKING:
    from cgt_etl.identity.build import IdentityResult
    from cgt_etl.orchestration.warehouse import Built
    from cgt_etl.quality.gate import Verdict
    from cgt_etl.reports.nightly import Told
    from cgt_etl.sandbox.follow import Followed

WHOLE = "Run the whole job `night`: a step by itself has nothing to work on"
P = ParamSpec("P")
T = TypeVar("T")


def step(method: Callable[Concatenate[Night, P], T]) -> Callable[Concatenate[Night, P], T]:
    """Let only our own errors out of a step, and keep the error on the night for whoever started it."""

    @wraps(method)
    def guarded(night: Night, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(night, *args, **kwargs)
        except Exception as error:
            night.error = _ours(method.__name__, error)
        raise night.error  # after the handler: inside it, Python would hang the first error, and its text, on this one

    return guarded


@dataclass
class Night:
    """One night under the lease. Steps are called in the order in which they stand here; `open_night` makes one."""

    settings: Settings
    registry: Registry
    inbox: Path
    name: str
    received_at: datetime
    """With a zone; goes to manifests and nowhere else."""
    report: NightReport
    found: list[Found]
    plan: planning.Plan | None = None
    identity: IdentityResult | None = None
    work_db: Path | None = None
    built: Built | None = None
    verdict: Verdict | None = None
    error: CgtError | None = None
    """Why the night failed, if it did."""

    @classmethod
    def of_plan(cls, settings: Settings, registry: Registry, made: planning.Plan) -> Night:
        """The steps after planning, over a plan that no inbox's night made. It leaves no record."""
        name = "as of an earlier night"
        return cls(settings, registry, Path(), name, datetime.now(UTC), NightReport(name), [], plan=made)

    @property
    def identity_dir(self) -> Path:
        return self.settings.builds / "work.identity"

    @property
    def quality(self) -> Path:
        """Where the gate leaves its results and Data Docs. A night with nothing new has those of its release."""
        return self.settings.home / "quality" / self._plan().inputs_hash

    @property
    def data_docs(self) -> Path:
        """The first page of the Data Docs; known with the plan, written by the gate."""
        return self.quality / "data_docs" / "index.html"

    @step
    def land(self, partner: str | None = None) -> list[Landed]:
        """Land the night's files of one partner, or of all that are left. Never raises for what a file holds."""
        mine = [one for one in self.found if partner is None or one.partner == partner]
        self.found = [one for one in self.found if one not in mine]
        landed = land_all(self.settings, self.registry, mine, self.received_at)
        self.report.files += [FileLine.of(one) for one in landed]
        return landed

    @step
    def make_plan(self) -> planning.Plan:
        """Compare everything that is landed with what is released; with nothing new, the night is over."""
        landed = deliveries(self.settings)
        listed = planning.declared(self.registry, landed)
        waiting = sorted({f"{one.partner}/{one.feed}" for one in landed if one not in listed})
        self.report.problems += [f"all deliveries of {feed}: its partner or its contract is no longer declared" for feed in waiting]
        self.plan = planning.plan(self.settings, self.registry, listed)
        self.report.number = number(self.settings, self.plan)
        self.report.is_increment = self.plan.base is not None
        self.report.release_id = self.plan.previous.id if self.plan.previous else None
        if self.plan.previous and not night_record.tells_of(self.settings, self.plan.previous):
            self._look_for_alerts(self.plan.previous)  # killed between the release and its record
            if self.plan.is_nothing_new:
                self._record("released")
                self.tell_partners()
                self.follow_sandboxes()
        return self.plan

    @step
    def identify(self) -> IdentityResult:
        """Resolve who and what the records speak of, over all deliveries."""
        from cgt_etl.identity.build import build
        from cgt_etl.identity.statements import Decision
        from cgt_etl.landing.keys import keys_of

        shutil.rmtree(self.identity_dir, ignore_errors=True)
        self.identity_dir.mkdir(parents=True)
        made = self._plan()
        said = [Decision(one["one"], one["other"], one["says"]) for one in made.inputs["decisions"].values()]
        keys = keys_of(self.settings)
        self.identity = build(self.settings, self.registry, list(made.deliveries), keys, self.identity_dir, decisions=said)
        if self.identity.problem:
            self.report.problems.append(self.identity.problem)
        return self.identity

    @step
    def prepare(self) -> Path:
        """Make the build file: the last build or an empty one, and the views that name what changed."""
        from cgt_etl.release.workspace import prepare

        base = self._plan().base
        before = planning.identity_folder(self.settings, base.id) if base else None
        self.work_db = prepare(self.settings, self.registry, self._plan(), self.identity_dir, before)
        return self.work_db

    @step
    def transform(self) -> Built:
        """Run dbt on the build file; raises nothing for a failed node (see `require_built`)."""
        from cgt_etl.orchestration.warehouse import dbt_build

        self.built = dbt_build(self.settings, self.registry, self._plan(), self._work())
        return self.built

    @step
    def require_built(self) -> None:
        """Raises CgtError that names the nodes that failed, if any did."""
        if self.built is None:
            raise CgtError("the build file has not been built yet; steps were called out of order", remedy=WHOLE)
        self.built.raise_if_failed()

    @step
    def count_rows(self) -> dict[str, int]:
        """`schema.relation` -> rows, of the build file as it is now."""
        from cgt_etl.orchestration.warehouse import rows

        return rows(self._work())

    @step
    def judge(self) -> Verdict:
        """Ask the gate. A closed gate raises nothing: the night is held."""
        from cgt_etl.quality.gate import judge

        self.verdict = judge(self._work(), self.settings, self._plan())
        closing = self.verdict.closing
        self.report.gate = [GateLine(one.suite, one.sentence(), one in closing) for one in (*closing, *self.verdict.warnings)]
        if not self.verdict.is_open:
            self.report.status = "held"
            self._record("held")
        return self.verdict

    @step
    def publish(self) -> read.Release:
        """Make the judged build the current release."""
        from cgt_etl.release.publish import publish

        if self.verdict is None or self.report.number is None:
            raise CgtError("a build is published only after the gate has judged it", remedy=WHOLE)
        release = publish(self.settings, self.registry, self._plan(), self._work(), self.identity_dir, self.verdict, self.report.number)
        self.report.status = "released"
        self.report.release_id = release.id
        self.report.rows = release.rows
        self._look_for_alerts(release)
        self._record("released")
        return release

    @step
    def tell_partners(self) -> Told | None:
        """Write the feedback cards of the release that stands. It stands whatever becomes of them: None, and a sentence in the report."""
        from cgt_etl.reports import nightly

        if self.report.release_id is None:
            raise CgtError("there is no release to tell of; steps were called out of order", remedy=WHOLE)
        done = None
        try:
            done = nightly.tell(self.settings, self.report.release_id)
            self.report.cards += done.problems
        except Exception as error:
            self.report.cards.append(f"not all could be written: {_ours('tell_partners', error)}")
        if self.report.cards:
            self._record("released")
        return done

    @step
    def follow_sandboxes(self) -> Followed:
        """Build the sandboxes that there are again from the release that stands: whoever withdrew is gone from them too. It stands whatever
        becomes of them: each that fails is a sentence in the report."""
        from cgt_etl.sandbox import follow

        done = follow.follow(self.settings, self.registry, who=f"night {self.name}", at=datetime.now(UTC))
        self.report.sandboxes += done.sentences
        if done.failed:
            self._record("released")
        return done

    def remove_work(self) -> None:
        """Remove the build file and the identity tables; a published build has been renamed away before."""
        shutil.rmtree(self.identity_dir, ignore_errors=True)
        if self.work_db is not None:
            self.work_db.unlink(missing_ok=True)

    def record_failure(self) -> None:
        """A step failed: nothing was released, and the list of deliveries is kept."""
        if self.plan is not None and self.report.status != "released":
            self._record("failed")

    def _look_for_alerts(self, release: read.Release) -> None:
        """What is new among breaches of handoffs, before the record that tells it. The release stands whatever becomes of this."""
        from cgt_etl.handoffs import alerts

        try:
            self.report.alerts += alerts.news(self.settings, release)
        except Exception as error:
            self.report.problems.append(f"handoffs could not be looked at: {_ours('alerts', error)}")

    def _record(self, status: night_record.Status) -> None:
        if self.report.number is None:
            return
        made = self._plan()
        night_record.write(
            self.settings,
            night_record.NightRecord(
                night=self.report.number,
                status=status,
                release_id=self.report.release_id,
                inputs_hash=made.inputs_hash,
                deliveries=made.inputs["deliveries"],
                decisions=made.inputs["decisions"],
                finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
                problems=self.report.sentences,
                counts=self.report.counts(),
            ),
        )

    def _plan(self) -> planning.Plan:
        if self.plan is None:
            raise CgtError("the night has no plan yet; steps were called out of order", remedy=WHOLE)
        return self.plan

    def _work(self) -> Path:
        if self.work_db is None:
            raise CgtError("the night has no build file yet; steps were called out of order", remedy=WHOLE)
        return self.work_db


@contextmanager
def open_night(
    settings: Settings, registry: Registry, inbox: Path, name: str, received_at: datetime, *, settle: timedelta | None = None
) -> Iterator[Night]:
    """Hold the lease for a night and look at its folder. A step that fails inside leaves the record of a failed night.

    Args:
        settle: a file that changed less than this before `received_at` waits; without it, whoever asks vouches for the inbox.

    Raises:
        LeaseHeld: another night is writing.
        DeclarationError: the inbox has no such night, or there is no master key to land its files with.
        VaultError: the master key is not that of this home.
    """
    with lease(settings, owner=f"night {name}"):
        watch = Watch(received_at, settle) if settle is not None else None
        found = scan(settings, registry, inbox, name, watch)
        if any(one.is_new for one in found):
            from cgt_etl.landing.keys import keys_of

            keys_of(settings)  # without it every file would fail by itself, and the night would seem to have nothing new
        report = NightReport(name, problems=[str(problem) for problem in registry.unhealthy])
        night = Night(settings, registry, inbox, name, received_at, report, found)
        failed = True
        try:
            yield night
            failed = night.error is not None  # Dagster keeps a step's error to itself
        finally:
            if failed:
                night.record_failure()


@contextmanager
def silent(step: str) -> Iterator[None]:
    """Let only our own errors out of a step: any other may carry a value in its message, so its type and place are kept, and no more.

    Raises:
        CgtError: what the step raised, or where and how it failed.
    """
    try:
        yield
    except Exception as error:
        raise _ours(step, error) from None


def number(settings: Settings, made: planning.Plan) -> int:
    """The number of this night: one more than the last, or the last one's again where that released nothing from the same inputs."""
    recorded = night_record.nights(settings)
    last = recorded[-1] if recorded else 0
    if made.is_nothing_new and made.previous is not None:
        return made.previous.night
    if recorded:
        said = night_record.load(settings, last)
        if said.status in ("held", "failed") and said.inputs_hash == made.inputs_hash:
            return last
    return last + 1


def _ours(step: str, error: Exception) -> CgtError:
    """One of our errors without what led to it, or a new one that says where another kind came up."""
    if isinstance(error, CgtError):
        error.__cause__ = error.__context__ = None
        return error
    what = f"the step `{step}` failed ({type(error).__name__} at {place_of(error)})"
    return CgtError(what, remedy="This is a defect of cgt_etl; report it with this sentence")

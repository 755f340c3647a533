"""Keys and tokens: RFC vectors' shape, one key per purpose, and imports that stay light."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys

import pytest

from cgt_etl.door.tokens import Keys, token

MASTER = bytes(range(32))


@pytest.mark.rule("R54")
def test_keys_differ_by_purpose_and_partner() -> None:
    keys = Keys(MASTER)
    made = [keys.linkage, keys.release, keys.vault, keys.partner("a"), keys.partner("b"), keys.partner("linkage")]
    assert len(set(made)) == len(made)
    assert {len(key) for key in made} == {32}
    assert Keys(MASTER).partner("a") == keys.partner("a")
    assert Keys(bytes(32)).linkage != keys.linkage
    assert MASTER.hex() not in repr(keys)


def test_a_key_is_hkdf_sha256() -> None:
    pseudorandom = hmac.new(bytes(32), MASTER, hashlib.sha256).digest()  # RFC 5869, no salt
    assert Keys(MASTER).linkage == hmac.new(pseudorandom, b"cgt_etl/v1/linkage\x01", hashlib.sha256).digest()


def test_a_token_is_hmac_sha256() -> None:
    key = Keys(MASTER).linkage
    assert token(key, "mrn", "lakeside", "0012") == hmac.new(key, b"mrn\x1flakeside\x1f0012", hashlib.sha256).hexdigest()[:32]
    assert len({token(key, "mrn", "a", "1"), token(key, "mrn", "b", "1"), token(key, "din", "a", "1"), token(key, "mrn", "a", "2")}) == 4


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        ("cgt_etl.door.identifiers, cgt_etl.door.tokens", ("polars", "pandera", "pandas", "pyarrow", "duckdb", "dagster")),
        ("cgt_etl.extract", ("pandera", "pandas", "duckdb", "dagster")),
    ],
)
def test_readers_identifiers_and_tokens_import_nothing_heavy(modules: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, {modules}; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"

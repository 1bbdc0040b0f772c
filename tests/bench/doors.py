"""The doors that stood open in revision 478c2dd, tried from outside on the package that is imported.

python tests/bench/doors.py                                     # this checkout: every door is closed
git worktree add ../old 478c2dd && PYTHONPATH=../old python tests/bench/doors.py --old
                                                                # before: with --old, open doors are what is expected
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import json
import os
import re
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd

SENT: list[dict[str, str]] = []
REPLIES = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b'{"choices": null}',
    b'{"choices": [{}]}',
    b'{"choices": [{"message": {"content": 5}}]}',
]
REPLIES += [
    b'{"choices": [{"message": null}]}',
    b'{"choices": [{"message": {"content": "a"}, "logprobs": {"content": [{}]}}]}',
]
REPLIES += [
    b'{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": "x"}}',
    b'{"choices": ["x"]}',
    b"<html>",
]


class Endpoint(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["content-length"])).decode()
        SENT.append({name.lower(): value for name, value in self.headers.items()})
        found = re.search(r"reply (\d+)", asked)
        data = REPLIES[int(found[1])] if found else b'{"choices": [{"message": {"content": "a", "role": "assistant"}}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def call(n: int, **more: object) -> dict[str, object]:
    own = {
        "id": f"r{n}", "created": 1_750_000_000 + n,
        "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": f"question {n}"}]},
        "response": {"model": "gpt-4o", "choices": [{"message": {"role": "assistant", "content": f"answer {n}"}}]},
    }  # fmt: skip
    return own | more


def log(path: Path, rows: list[dict[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def imported(source: Path, out: Path):
    from migration.audit import import_log

    return import_log(source, out, progress=lambda _: None)


def a_changed_log_is_not_noticed(folder: Path) -> bool:
    from migration.artifacts import open_run
    from migration.runner import input_hash, notebooks

    files = [log(folder / day / "log.jsonl", [call(1)]) for day in ("mon", "tue")]
    run, book = open_run(folder / "run"), notebooks()[0]
    before = input_hash(run, book, {}, files)
    log(files[0], [call(1), call(2)])
    return input_hash(run, book, {}, files) == before


def a_folder_s_name_rewrites_columns(folder: Path) -> bool:
    from migration.audit import fold, open_calls

    report = imported(log(folder / "log.jsonl", [call(n) for n in range(40)]), folder / "kind=retry" / "calls.parquet")
    folded = fold(open_calls(report.out))
    return set(folded.kind) != {"chat"}


def markup_lives_in_a_report(folder: Path) -> bool:
    import nbformat

    from migration import report

    show = getattr(report, "export_notebook", None)
    if show is None:
        from migration.pages.notebook import export_notebook as show
    cell = nbformat.v4.new_code_cell("x", execution_count=1)
    page = (
        '<p>gpt</p><img src=x onerror="alert(1)"><meta http-equiv="refresh" content="0;url=https://elsewhere.example">'
    )
    cell.outputs = [
        nbformat.v4.new_output("display_data", {"text/html": page}),
        nbformat.v4.new_output("display_data", {"text/markdown": page}),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "n.ipynb")
    show(folder / "n.ipynb", folder / "n.html")
    body = (folder / "n.html").read_text().split("<body", 1)[-1]
    return bool(re.search(r"<img[^>]*onerror|<meta[^>]*refresh", body))


def requests(*texts: str) -> pd.DataFrame:
    turns = [[{"role": "user", "content": text}] for text in texts]
    return pd.DataFrame({"call_id": list(texts), "messages": turns, "max_tokens": 9})


def answered(url: str, *texts: str) -> pd.DataFrame:
    from migration.benchmark import Candidate, answer

    return answer(Candidate("far", f"{url}#m"), requests(*texts))


def who_asks_is_told_to_any_host(url: str) -> bool:
    os.environ |= {"OPENAI_API_KEY": "sk-mine", "OPENAI_ORG_ID": "org-mine", "OPENAI_PROJECT_ID": "proj-mine"}
    SENT.clear()
    answered(url, "hello")
    return any("mine" in value for headers in SENT for value in headers.values())


def a_password_in_an_address_is_taken(folder: Path) -> bool:
    from migration.benchmark import Candidate
    from migration.benchmark.engine.endpoint import address
    from migration.errors import BadInput

    try:
        address(Candidate("far", "https://ann:pa55@host/v1#m"))
    except BadInput:
        return False
    return True


def others_can_read_a_run(folder: Path) -> bool:
    from migration.artifacts import open_step

    done = open_step(folder / "run", "04_router_tuning").finish({"slm_share": 0.5}, decision="go")
    return any(path.stat().st_mode & 0o077 for path in [folder / "run", done, *done.iterdir()])


def one_bad_reply_ends_the_step(url: str) -> int:
    broke = 0
    for n in range(len(REPLIES)):
        try:
            answered(url, f"reply {n}")
        except Exception:  # noqa: BLE001 - any of them ends a step
            broke += 1
    return broke


def a_policy_without_threshold_delivers(folder: Path) -> bool:
    from migration.errors import MigrationError
    from migration.routing import Policy, Router

    try:
        policy = Policy(slm="s", llm="l", rules={"*": "cascade"}, thresholds={"*": float("nan")})  # of version 1
        router = Router(policy)
        decision = router.accept(router.route({"task": "t", "messages": []}), {"mean_logprob": -9.0})
        return decision.model == "s"
    except TypeError:
        pass  # a policy of version 2 has other fields: the same is tried in its words below
    data = json.loads(json.dumps(Policy(llm="l").to_dict()))
    data |= {
        "candidates": {"s": {"kind": "slm", "source": "s"}},
        "rungs": {"t": [{"candidate": "s", "threshold": None}]},
    }
    try:
        router = Router(Policy.from_dict(data))
        return router.route({"task": "t", "messages": []}).candidate == "s"
    except MigrationError:
        return False


def an_unclosed_quote_swallows_rows(folder: Path) -> int:
    rows = [f"2025-06-01,question {n},answer {n}\n" for n in range(1_000)]
    text = "created,prompt,response\n" + "".join(rows[:10]) + '2025-06-01,"never closed,answer\n' + "".join(rows[10:])
    (folder / "log.csv").write_text(text)
    report = imported(folder / "log.csv", folder / "calls.parquet")
    return 1_000 - report.calls if report.bad == 0 or report.calls < 1_000 else 0


def a_link_doubles_calls(folder: Path) -> bool:
    nameless = [{key: value for key, value in call(n).items() if key != "id"} for n in range(20)]
    (folder / "logs").mkdir()
    (folder / "logs" / "b.jsonl").symlink_to(log(folder / "logs" / "a.jsonl", nameless))
    return imported(folder / "logs", folder / "calls.parquet").calls != 20


def an_import_overwrites_its_input(folder: Path) -> bool:
    from migration.errors import MigrationError

    path = log(folder / "log.jsonl", [call(n) for n in range(5)])
    before = path.read_bytes()
    with contextlib.suppress(MigrationError):
        imported(path, path)
    return path.read_bytes() != before


def odd_values_of_our_own_table_are_taken(folder: Path) -> bool:
    import pyarrow.parquet as pq

    from migration.errors import MigrationError

    report = imported(log(folder / "log.jsonl", [call(n) for n in range(3)]), folder / "a.parquet")
    pd.read_parquet(report.out).assign(latency_ms=float("nan"), prompt_tokens=-3).to_parquet(folder / "odd.parquet")
    try:
        imported(folder / "odd.parquet", folder / "b.parquet")
    except MigrationError:
        return False
    return bool((pq.read_table(folder / "b.parquet").column("prompt_tokens").to_pandas() < 0).any())


def an_account_is_left_in_a_text(folder: Path) -> int:
    from migration import audit

    texts = [
        "my password is hunter2!",
        "token=0123456789abcdef0123456789abcdef",
        "ghp_" + "aB3" * 12,
        "the PIN is 4711",
    ]
    return sum(said == text for text, said in zip(texts, audit.mask(texts), strict=True))


OF_A_FOLDER: tuple[Callable[[Path], object], ...] = (
    a_changed_log_is_not_noticed,
    a_folder_s_name_rewrites_columns,
    markup_lives_in_a_report,
    a_password_in_an_address_is_taken,
    others_can_read_a_run,
    a_policy_without_threshold_delivers,
    an_unclosed_quote_swallows_rows,
    a_link_doubles_calls,
    an_import_overwrites_its_input,
    odd_values_of_our_own_table_are_taken,
    an_account_is_left_in_a_text,
)
OF_AN_ENDPOINT: tuple[Callable[[str], object], ...] = (who_asks_is_told_to_any_host, one_bad_reply_ends_the_step)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", action="store_true", help="the package is the old one: open doors are expected")
    parser.add_argument("--quick", action="store_true", help="the same: it takes seconds")
    given = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url, found = f"http://127.0.0.1:{server.server_address[1]}/v1", SimpleNamespace(open={}, closed=0)
    for door in (*OF_A_FOLDER, *OF_AN_ENDPOINT):
        with tempfile.TemporaryDirectory() as folder:
            seen = door(url if door in OF_AN_ENDPOINT else Path(folder))  # type: ignore[arg-type]
        name = door.__name__.replace("_s_", "'s ").replace("_", " ")
        print(f"{'OPEN  ' if seen else 'closed'}  {name}" + (f" ({seen})" if seen and seen is not True else ""))
        if seen:
            found.open[name] = int(seen)  # type: ignore[call-overload]
        found.closed += not seen
    print(json.dumps({"open": len(found.open), "closed": found.closed}))
    if found.open and not given.old:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

"""What was found on an accelerator, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def markdown(found: Mapping[str, Any]) -> str:
    """Write all that was found; what was not, with why."""
    machine = first(found, "machine") or {}
    title = f"# {machine.get('device', 'no device')}, {machine.get('devices', 0)} of them"
    versions = ", ".join(f"{name} {version}" for name, version in machine.get("versions", {}).items())
    lines = [title, "", f"{found.get('seconds', 0):.0f} s of {60 * found['minutes']:.0f} s. {versions}", ""]
    for name, words in (("contract", contract), ("agreement", agreement), ("speed", speed), ("whole_map", whole_map)):
        if name in found:
            lines += [f"## {name}", "", *words(found[name], found), *told(found[name]), ""]
    return "\n".join(lines)


def first(found: Mapping[str, Any], key: str) -> Any:
    """Return the first value under a key that a part has."""
    return next(
        (v[key] for v in found.values() if isinstance(v, dict) and "failed" not in v.get(key, {"failed": 0})), None
    )


def told(part: Mapping[str, Any]) -> list[str]:
    """Return why a part ended early."""
    return ["", f"Ended early: {part['failed']}"] if "failed" in part else []


def why(known: Mapping[str, Any]) -> str:
    """Return why there is no answer."""
    return f"failed: {known['failed']}" if "failed" in known else str(known.get("not_reached", "no answer"))


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a table; the first column is left-aligned."""
    if not rows:
        return ["Nothing."]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def listed(title: str, keys: list[str]) -> list[str]:
    """Return a line that lists something, or none."""
    return ["", f"{title}: {', '.join(keys)}."] if keys else []


def contract(part: Mapping[str, Any], _: Any) -> Iterator[str]:
    """Yield the promises, and what a few steps of every entry were like."""
    rows = []
    for claim, known in part.get("promises", {}).items():
        if "kept" in known or "failed" in known or "not_reached" in known:
            seen = {k: v for k, v in known.items() if k not in ("kept", "traceback")}
            rows.append([claim, ("yes" if known["kept"] else "NO") if "kept" in known else why(known), f"{seen}"])
    yield from table(["promise", "kept", "seen"], rows)
    entries = part.get("entries", {})
    ran = {key: known for key, known in entries.items() if "steps" in known}
    yield from ("", f"A few steps of {len(ran)} of {len(entries)} entries.")
    for title, name in (
        ("Channels that are not finite", "not_finite"),
        ("Not the same bits twice", "unequal"),
        ("Collectives", "collectives"),
    ):
        bad = [f"{key} ({', '.join(known[name])})" for key, known in ran.items() if known[name]]
        yield from listed(title, bad) or ("", f"{title}: none.")
    yield from listed("No answer", [f"{key} ({why(known)})" for key, known in entries.items() if key not in ran])


def agreement(part: Mapping[str, Any], _: Any) -> Iterator[str]:
    """Yield how many verdicts are those of the record, and every one that is not."""
    entries = part.get("entries", {})
    judged = {key: known for key, known in entries.items() if "claims" in known}
    rows, other = [], []
    for key, known in judged.items():
        claims = [c for c in known["claims"] if "same" in c]
        agree, meet = sum(c["same"] for c in claims), [c["overlap"] for c in claims if c["overlap"] is not None]
        cases = known["cases"].values()
        equal, onsets = (sum(c.get(name, 0) for c in cases) for name in ("equal_onsets", "onsets"))
        states = sum(c["states"] == c["recorded_states"] for c in cases)
        cells = [f"{agree}/{len(claims)}", f"{sum(meet)}/{len(meet)}", f"{states}/{len(cases)}", f"{equal}/{onsets}"]
        rows.append([key, *cells, f"{known['seconds']:.0f}"])
        other += [
            [key, f"{c['case']}: {name_of(c['of'])}", *(numbers(x) for x in (c["recorded"], c))]
            for c in claims
            if not c["same"] or c["overlap"] is False
        ]
    total = [c for known in judged.values() for c in known["claims"] if "same" in c]
    agree = sum(c["same"] for c in total)
    yield f"{agree} of {len(total)} verdicts as recorded on a CPU; {len(judged)} entries of {len(entries)}."
    yield ""
    head = ["entry", "same verdict", "estimates overlap", "cases with equal states", "equal onsets", "s"]
    yield from table(head, rows)
    if other:
        yield from ("", "What differs:", "")
        yield from table(["entry", "claim", "CPU", "here"], other)
    yield from listed("No answer", [f"{key} ({why(known)})" for key, known in entries.items() if key not in judged])


def name_of(of: Any) -> str:
    """Return what a claim is of: a name, or a pair of names."""
    return of if isinstance(of, str) else " ~ ".join(of)


def numbers(claim: Mapping[str, Any]) -> str:
    """Return an outcome with what was measured."""
    return f"{claim['outcome']}, {claim['measured']}"


def speed(part: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """Yield rates and memory against width, beside the plain scan and PyTorch."""
    peak, torch = part.get("peak", {}), found.get("torch_ensembles", {})
    if "flops" in peak:
        product, copy = peak["flops"] / 1e12, peak["bytes"] / 1e12
        yield f"Peak of a float32 product {product:.3g} TFLOP/s, of a copy {copy:.3g} TB/s."
        yield ""
    rows, missing = [], []
    for name, case in part.get("cases", {}).items():
        per_step, pytorch = case.get("setup", {}).get("flops"), torch.get("cases", {}).get(name, {})
        for width, known in sorted(case.get("widths", {}).items(), key=lambda item: int(item[0])):
            if "rate" not in known:
                missing.append(f"{name} {width} ({why(known)})")
                continue
            share = known["rate"] * per_step / peak["flops"] if per_step and "flops" in peak else None
            ways = [known.get("scan", {}), *(pytorch.get(w, {}).get(width, {}) for w in ("ensemble", "compiled"))]
            memory = known["peak_bytes_per_run"] or known["program_bytes_per_run"]
            rows.append(
                [name, width, f"{known['rate']:,.0f}", f"{1e6 * known['seconds_per_step']:.1f}"]
                + [f"{share:.1%}" if share is not None else ""]
                + [
                    f"{known['rate'] / way['rate']:.3g}" if "rate" in way else ""
                    for way in [*ways, pytorch.get("eager", {})]
                ]
                + [f"{memory / 1e3:,.1f}{'' if known['peak_bytes_per_run'] else ' (compiler)'}"]
            )
    head = ["case", "runs", "seed-steps / s", "us / step", "of peak"]
    head += ["x vmap(scan)", "x torch ensemble", "x compiled", "x torch loop", "kB / run"]
    yield from table(head, rows)
    yield from listed("Not timed", missing)
    lacking = []
    for name, case in torch.get("cases", {}).items():
        for way, known in case.items():
            flat = {way: known} if way == "eager" else {f"{way} {width}": one for width, one in known.items()}
            lacking += [f"{name} {which} ({why(one)})" for which, one in flat.items() if "rate" not in one]
    yield from listed("PyTorch, not timed", lacking)


def whole_map(part: Mapping[str, Any], _: Any) -> Iterator[str]:
    """Yield where the time of a map goes."""
    names = ["seconds", "compile", "begin", "train", "host", "detect"]
    rows = [
        [name, *([f"{known['runs']:,}", *(f"{known[n]:.2f}" for n in names)] if "runs" in known else [why(known)])]
        for name, known in part.get("map", {}).items()
    ]
    yield from table(["programs", "runs", *(f"{n} [s]" if n != "seconds" else "all [s]" for n in names)], rows)

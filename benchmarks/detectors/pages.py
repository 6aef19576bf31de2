"""The tables of docs/detectors.md, from detectors.json alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from scores import Rate

MARK = re.compile(r"(<!-- table (\w+): [^>]*-->\n).*?(<!-- end of table -->)", re.DOTALL)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _k(pair: list[int] | None) -> str:
    return f"{pair[0]}/{pair[1]}" if pair and pair[1] else "-"


def _percent(pair: list[int]) -> str:
    if not pair[1]:
        return "-"
    share = 100 * pair[0] / pair[1]
    return f"{share:.0f} %" if share in (0, 100) else f"{share:.2g} %" if share < 99.5 else f"{share:.1f} %"


def _limit(pair: list[int]) -> str:
    return f"< {100 * Rate(*pair).at_most:.2g} %" if pair[1] else "-"


def _error(of: dict[str, Any]) -> str:
    if "onset_error" not in of:
        return "-"
    e = of["onset_error"]
    return f"{e['median']:g} ({e['q05']:g} to {e['q95']:g})"


def _pooled(of: dict[str, Any], side: str) -> list[int]:
    """Of the transformed logs alone."""
    pairs = [part[side] for part in of["transformed"].values()]
    return [sum(k for k, _ in pairs), sum(n for _, n in pairs)]


def _worst(of: dict[str, Any], side: str) -> str:
    """The transformation that costs most hits, or brings most false alarms."""
    shares = {c: Rate(*part[side]).share for c, part in of["transformed"].items() if part[side][1]}
    if not shares:
        return "-"
    name = (min if side == "hit" else max)(shares, key=lambda c: shares[c])
    none = shares[name] in (1.0 if side == "hit" else 0.0,)
    return "none" if none else f"{_words(name)} {100 * shares[name]:.0f} %"


def detectors_table(made: dict[str, Any]) -> str:
    """One row for each detector."""
    head = ["detector", "hits", "as set", "false alarms", "95 % limit", "hits, transformed", "lowest",
            "false alarms, transformed", "highest", "onset error [interval]"]  # fmt: skip
    rows = []
    for name, of in made["detectors"].items():
        as_recorded, own = of["recorded"], of.get("as_its_entries_set_it", {})
        rows.append(
            [
                _words(name),
                _k(as_recorded["hit"]),
                _k(own.get("hit")),
                _k(as_recorded["false_alarm"]),
                _limit(as_recorded["false_alarm"]),
                _percent(_pooled(of, "hit")),
                _worst(of, "hit"),
                _k(_pooled(of, "false_alarm")),
                _worst(of, "false_alarm"),
                _error(of),
            ]
        )
    return _rows(head, rows)


def _judges(of: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(rule, threshold, its scores), as published and as calibrated."""
    for rule, told in of["rules"].items():
        for key, value in (("at_published", told["published"]), ("at_calibrated", told["calibrated"])):
            if key in told and value is not None:
                yield rule, f"{told['threshold']} {value:.3g}, {key.removeprefix('at_')}", told[key]


def _ours(name: str, of: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(detector, threshold, its scores), as asked by default and as told what is known of the data."""
    dial = f"{of['threshold']} {of['default']:g}, " if "threshold" in of else ""
    yield f"**{_words(name)}**", f"{dial}default", of
    if "told" in of:
        yield f"**{_words(name)}**", f"{dial}told", of["told"]


def rules_table(made: dict[str, Any]) -> str:
    """Ours and the rules that answer the same question."""
    head = ["rule", "threshold", "hits", "false alarms", "hits, transformed", "false alarms, transformed"]
    rows = []
    for name, of in made["detectors"].items():
        if "rules" not in of:
            continue
        for rule, threshold, told in [*_ours(name, of), *((_words(r), t, s) for r, t, s in _judges(of))]:
            pairs = [told["recorded"]["hit"], told["recorded"]["false_alarm"]]
            pairs += [_pooled(told, "hit"), _pooled(told, "false_alarm")]
            rows.append([rule, threshold, *(f"{_percent(p)} ({_k(p)})" if p[1] else "-" for p in pairs)])
        for rule, told in of["rules"].items():
            if told["calibrated"] is None:
                rows.append([_words(rule), f"{told['threshold']}: none is quiet enough", "-", "-", "-", "-"])
    return _rows(head, rows)


def _lead(part: dict[str, Any]) -> float:
    """[1] Share of hits less share of false alarms."""
    return Rate(*part["hit"]).share - Rate(*part["false_alarm"]).share


def _parts(of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """{condition: scores} with positives and negatives."""
    parts = {"as_recorded": of["recorded"], **of["transformed"]}
    return {c: part for c, part in parts.items() if part["hit"][1] and part["false_alarm"][1]}


def beaten(made: dict[str, Any]) -> list[tuple[str, str, str, dict[str, tuple[float, float]]]]:
    """(detector, its threshold, rule, {condition: (the rule's lead, ours)}) wherever a rule has the greater lead."""
    lost = []
    for name, of in made["detectors"].items():
        for _, how, ours in _ours(name, of) if "rules" in of else ():
            for rule, threshold, told in _judges(of):
                mine, theirs = _parts(ours), _parts(told)
                leads = {c: (_lead(theirs[c]), _lead(mine[c])) for c in theirs if c in mine}
                if leads := {c: pair for c, pair in leads.items() if pair[0] > pair[1]}:
                    lost.append((name, how, f"{_words(rule)} ({threshold})", leads))
    return lost


def beaten_table(made: dict[str, Any]) -> str:
    """Where a rule does better."""
    rows = []
    for name, how, rule, leads in beaten(made):
        where = ", ".join(f"{_words(c)} {theirs:.2f} > {ours:.2f}" for c, (theirs, ours) in leads.items())
        if len(leads) > 8:
            theirs, ours = (sum(pair[i] for pair in leads.values()) / len(leads) for i in (0, 1))
            where = f"{len(leads)} of {len(made['conditions'])} conditions, on average {theirs:.2f} > {ours:.2f}"
        rows.append([f"{_words(name)}, {how}", rule, where])
    return _rows(["detector", "rule", "its lead > ours"], rows) if rows else "Nowhere.\n"


def overlaps_table(made: dict[str, Any]) -> str:
    """What was found of two things in one log."""
    rows = [[o["overlap"], _words(o["detector"]), _k(o["found"]), _error(o)] for o in made["overlaps"]]
    return _rows(["overlap", "detector", "found", "onset error [interval]"], rows)


def provenance_table(made: dict[str, Any]) -> str:
    """Where the numbers come from."""
    return (
        f"Roots {', '.join(map(str, made['roots']))}, calibrated on root {made['tuning_root']}: {made['runs']} runs, "
        f"{made['seeds']} of every case on every root, and {made['answers']} answers. bestiary {made['bestiary']}, "
        f"{made['date']}.\n"
    )


TABLES = {
    "provenance": provenance_table,
    "detectors": detectors_table,
    "rules": rules_table,
    "beaten": beaten_table,
    "overlaps": overlaps_table,
}


def rewritten(page: str, made: dict[str, Any]) -> str:
    """Return the page with every table between its marks; what is written around them stays."""
    return MARK.sub(lambda m: f"{m[1]}{TABLES[m[2]](made)}{m[3]}", page)


def summary(made: dict[str, Any]) -> list[str]:
    """A line for each detector, pooled over logs as recorded and transformed."""
    lines = []
    for name, of in made["detectors"].items():
        hit, false = Rate(*of["hit"]), Rate(*of["false_alarm"])
        lines.append(f"{name}: hits {hit.k}/{hit.n}, false alarms {false.k}/{false.n}")
    return lines

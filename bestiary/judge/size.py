"""How much there is to train, before anything is."""

from __future__ import annotations

from collections.abc import Iterable

from bestiary.judge.rounds import Asking
from bestiary.train.jobs import Request


def size(requests: Iterable[Request]) -> str:
    """Say how many runs, steps and programs are wanted: `336 runs, 201,600 steps, 1 program`.

    Runs that are kept from before count too, and runs that settle early count in full.

    Args:
        requests: what is wanted; repetitions cost nothing.
    """
    seeds: dict[tuple, int] = {}
    for r in requests:
        where = (r.setup, r.knobs, r.static, r.root)
        seeds[where] = max(seeds.get(where, 0), r.seeds)
    steps = sum(n * static.steps for (_, _, static, _), n in seeds.items())
    programs = len({(setup, static) for setup, _, static, _ in seeds})
    return f"{sum(seeds.values()):,} runs, {steps:,} steps, {programs:,} program{'s' if programs > 1 else ''}"


def first_requests(asking: Iterable[Asking]) -> list[Request]:
    """Return what generators ask for first; what a boundary asks for when it is refined comes on top.

    Args:
        asking: generators that were not started, and cannot be driven afterwards.
    """
    return [request for one in asking for request in next(one)]

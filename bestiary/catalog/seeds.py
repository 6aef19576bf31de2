"""How many runs there are of what, unless one says otherwise; nothing is imported, so that every wing may ask."""

POSITIVE = 16  # 16 of 16 bounds a rate above 80 % at 95 %
CONTROL = 64  # 0 of 64 bounds a rate below 5 % at 95 %
LAW = 16  # of every point
BOUNDARY = 24  # of every point: with fewer than 18 none of twenty is decided at 1 - 1e-4, and no claim could fail
INTERACTION = 24  # of every cell: with fewer than 18 no claim over several points could fail at 1e-4
RUNG = 16  # of a path
RUN = 16  # of a setting that is asked for by name
INTERACT = 16  # of every cell of an interaction that is asked for by name
MAP = 8  # of every point of a map: enough for where something happens, too few to judge a claim
MOST = 100_000  # of anything; more is a slip of the finger, and fills memory before it trains

"""Where the sample logs are, and how tests ask `bestiary detect`."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from bestiary.cli.logs import detect
from bestiary.logs.channels import Reading, readings
from bestiary.logs.formats import read

LOGS = Path(__file__).resolve().parents[1] / "data" / "logs"


def asked(*words: object) -> Result:
    """The command, in this process; standard error apart."""
    return CliRunner(env={"COLUMNS": "200"}).invoke(detect, [str(word) for word in words])


def report(*words: object) -> dict:
    """What --json prints."""
    return json.loads(asked(*words, "--json").stdout)


def read_all(path: Path, **channels: str) -> list[Reading]:
    """Every run of one file."""
    return [reading for table in read(path) for reading in readings(table, channels, path)]


def read_one(path: Path, **channels: str) -> Reading:
    """The one run of a file."""
    (reading,) = read_all(path, **channels)
    return reading


def reads(reading: Reading) -> dict[str, str]:
    """{channel: column}."""
    return {use.channel: use.column for use in reading.uses if use.channel}

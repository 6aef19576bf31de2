"""All files of the site: pages from templates, figures and docs as the checkout has them, and what pages load."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from markupsafe import Markup

from bestiary.files import PACKAGE
from bestiary.site import docstrings
from bestiary.site.code import style_sheet
from bestiary.site.listing import Listing
from bestiary.site.notebook import notebook
from bestiary.site.pictures import attributes
from bestiary.site.prose import Prose, prose
from bestiary.site.templating import ASSETS, environment


class Doc(NamedTuple):
    """A page of the docs: its file in the repository, and what it is for."""

    file: str
    title: str
    about: str

    @property
    def page(self) -> str:
        """Where it lies in the site."""
        return f"docs/{PurePosixPath(self.file).stem.lower()}.html"


DOCS: Mapping[str, Sequence[Doc]] = {
    "Begin": (
        Doc("README.md", "What it is", "install, reproduce, map, detect"),
        Doc("docs/first_experiment.ipynb", "A first experiment", "a notebook, with what it prints and draws"),
    ),
    "How to": (
        Doc("docs/python.md", "From Python", "runs, maps and findings as data"),
        Doc("docs/command-line.md", "On the command line", "what the commands share, and what is kept"),
        Doc("docs/detect.md", "On your own logs", "formats, columns, findings, callbacks"),
        Doc("docs/why.md", "Why it is there, or is not", "on which side of the boundaries a setting lies"),
        Doc("docs/own_setup.md", "A setup of your own", "data, network, loss and observables"),
        Doc("docs/own_detector.md", "A detector of your own", "and how right it is on runs with a known answer"),
        Doc("docs/certify.md", "Certify a detector", "or an estimator, on cases whose answer is known"),
        Doc("docs/labelled_runs.md", "Labelled runs", "recorded runs whose answer is known"),
        Doc("docs/cluster.md", "On a cluster", "training by the workers of Dask"),
        Doc("docs/accelerator.md", "On an accelerator", "what holds there, and how fast it is"),
        Doc("CONTRIBUTING.md", "Add an entry", "the recipe, what is accepted, what did not work"),
    ),
    "What was measured": (
        Doc("docs/entries.md", "The entries", "all of them in tables"),
        Doc("docs/laws.md", "Laws and boundaries", "as measured"),
        Doc("docs/maps.md", "Maps", "every law, boundary and path as a figure"),
        Doc("docs/interactions.md", "Interactions", "an entry with something else on, and the sum of parts"),
        Doc("docs/published.md", "Published numbers beside ours", "and which disagree"),
        Doc("docs/detectors.md", "How right the detectors are", "hits and false alarms, rules in public use"),
    ),
    "How it is made": (
        Doc("ARCHITECTURE.md", "Architecture", "the wings, the way of the data, decisions"),
        Doc("CHANGELOG.md", "Changes", "by edition"),
    ),
}
EVERY = tuple(doc for some in DOCS.values() for doc in some)


class Site:
    """The files of the site as they are made, by their path in it."""

    def __init__(self, root: Path) -> None:
        self.root, self.files = root, dict[str, bytes]()
        self._known = {doc.file: doc.page for doc in EVERY if (root / doc.file).is_file()}
        self._templates = environment()

    def page(self, path: str, template: str, **told: Any) -> None:
        """Write a page from a template."""
        up = posixpath.relpath(".", posixpath.dirname(path) or ".")
        html = self._templates.get_template(template).render(
            up="" if up == "." else f"{up}/", picture=lambda file: self.picture(file, path), **told
        )
        self.files[path] = html.encode()

    def picture(self, file: str, page: str) -> tuple[str, Markup]:
        """Keep a figure of docs/figures; return its address for a page, and its size as attributes."""
        content = (self.root / "docs" / "figures" / file).read_bytes()
        self.files[f"figures/{file}"] = content
        return _from(page, f"figures/{file}"), attributes(content)

    def doc(self, doc: Doc) -> Prose:
        """Read a page of the docs, with links that hold where it lies in the site."""
        text, above = (self.root / doc.file).read_text("utf-8"), PurePosixPath(doc.file).parent

        def link(href: str) -> str | None:
            path, _, anchor = href.partition("#")
            target = self._target(posixpath.normpath(above / path))
            return None if target is None else _from(doc.page, target) + (f"#{anchor}" if anchor else "")

        def picture(source: str) -> tuple[str, str]:
            file = posixpath.normpath(above / source).removeprefix("docs/figures/")
            return self.picture(file, doc.page)

        def keep(content: bytes) -> str:
            name = f"figures/{hashlib.sha256(content).hexdigest()[:12]}.png"
            self.files[name] = content
            return _from(doc.page, name)

        return notebook(text, link, keep) if doc.file.endswith(".ipynb") else prose(text, link, picture)

    def _target(self, file: str) -> str | None:
        """Find where a file of the repository lies in the site; one that is no page is kept as it is."""
        if file in self._known:
            return self._known[file]
        path = self.root / file
        if file.startswith("..") or not path.is_file():
            return None
        self.files[f"files/{file}"] = path.read_bytes()
        return f"files/{file}"


def pages(
    listings: Sequence[Listing], root: Path, doors: Mapping[str, str], helps: Mapping[str, str]
) -> dict[str, bytes]:
    """Make the whole site.

    Args:
        listings: of the entries.
        root: of the checkout.
        doors: {name: module} of what `bestiary` gives to Python users.
        helps: {command: what it says of itself}.

    Returns:
        {path in the site: content}, with forward slashes.
    """
    site = Site(root)
    site.page("index.html", "index.html", listings=listings, facets=_facets(listings))
    known = [one.key for one in listings]
    for one in listings:
        site.page(
            f"entries/{one.key}.html", "entry.html", one=one, parts=docstrings.parts_of(one.docstring), known=known
        )
    for doc in EVERY:
        if (root / doc.file).is_file():
            site.page(doc.page, "doc.html", doc=doc, told=site.doc(doc))
    site.page("docs/index.html", "docs.html", docs=DOCS)
    homes = {name: PACKAGE / f"{home.replace('.', '/')}.py" for name, home in doors.items()}
    names = {name: docstrings.told(home, name) for name, home in homes.items()}
    site.page(
        "docs/reference.html", "reference.html", names={n: told for n, told in names.items() if told}, helps=helps
    )
    for file in sorted(ASSETS.iterdir()):
        site.files[f"assets/{file.name}"] = file.read_bytes()
    site.files["assets/code.css"] = style_sheet().encode()
    return site.files


def _facets(listings: Sequence[Listing]) -> dict[str, list[str]]:
    """What the index can be filtered by, each with its values."""
    return {
        "kind": sorted({one.entry.kind for one in listings}),
        "particle": sorted({particle for one in listings for particle in one.entry.particle}, key=str.lower),
        "zone": sorted({str(one.entry.zone) for one in listings}),
        "status": sorted({one.entry.status for one in listings}),
        "scale": sorted({one.scale for one in listings if one.scale}),
    }


def _from(page: str, target: str) -> str:
    """Write the address of a file as a page has it."""
    return posixpath.relpath(target, posixpath.dirname(page) or ".")

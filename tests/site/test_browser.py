"""The site in a real browser: nothing goes wrong, what can be turned turns, and everybody can read it."""

import pytest
from click.testing import CliRunner
from site_pages import ROOT, built, every_listing

from bestiary.cli.main import cli
from bestiary.site.listing import Block, Row
from bestiary.site.report import Judged, verdicts_page

ENTRY = "entries/grokking_teacher_student.html"
PAGES = {
    "index": "index.html",
    "entry": ENTRY,
    "no recording": "entries/symmetry_test.html",
    "docs": "docs/index.html",
    "prose": "docs/detect.html",
    "numbers": "docs/published.html",
    "notebook": "docs/first_experiment.html",
    "reference": "docs/reference.html",
}


@pytest.fixture(params=PAGES.values(), ids=PAGES.keys())
def page(request):
    return request.param


def drawn(tab, where):
    """What the charts in a place look like."""
    return tab.evaluate("where => [...document.querySelectorAll(where + ' canvas')].map(c => c.toDataURL())", where)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_a_page_opens_fits_and_has_nothing_that_axe_finds(visit, page, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    tab = visit(page, theme, width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    found = (
        Axe().run(tab, options={"preload": False}).response["violations"]
    )  # file:// lets no script read a style sheet
    assert [(one["id"], one["impact"], [node["html"][:90] for node in one["nodes"][:3]]) for one in found] == []


def test_a_page_is_there_at_once(visit):
    tab = visit("index.html")
    painted = "performance.getEntriesByName('first-contentful-paint')[0]"
    tab.wait_for_function(f"{painted} !== undefined")  # what was painted is told a little later
    assert tab.evaluate(f"{painted}.startTime") < 3000


def test_search_and_filters(visit):
    tab = visit("index.html")

    def shown():
        return tab.locator("#cards > li:visible .key").all_inner_texts()

    everything = shown()
    tab.fill("#search", "teacher weight_decay")
    assert shown() == ["grokking_teacher_student"]
    tab.fill("#search", "no such thing")
    assert shown() == [] and tab.locator("#none").is_visible()
    tab.click("button[type=reset]")
    tab.wait_for_function("document.querySelectorAll('#cards > li:not([hidden])').length > 1")
    assert shown() == everything
    tab.select_option("[data-facet=particle]", "optimiser")
    of_optimisers = shown()
    assert 0 < len(of_optimisers) < len(everything)
    tab.select_option("[data-facet=kind]", "instability")
    assert set(shown()) < set(of_optimisers) and "adam_loss_spikes" in shown()
    assert tab.locator("#count").inner_text() == f"{len(shown())} of {len(everything)} entries"
    again = visit(tab.url)  # the filters are in the address
    assert again.locator("#cards > li:visible").count() == len(shown())


def test_a_slider_moves_the_curve_by_keyboard(visit):
    tab = visit(ENTRY)
    slider, output = tab.locator("#knob-0"), tab.locator(".sweep output").first
    slider.focus()
    tab.keyboard.press("Home")
    first, words = drawn(tab, ".sweep:first-of-type"), output.inner_text()
    tab.keyboard.press("ArrowRight")
    assert output.inner_text() != words and "weight_decay = " in output.inner_text()
    assert all(a != b for a, b in zip(first, drawn(tab, ".sweep:first-of-type"), strict=True))
    onset = lambda: float(output.inner_text().split("onset ")[1].split(";")[0])  # noqa: E731
    tab.keyboard.press("Home")
    slow = onset()
    tab.keyboard.press("End")
    assert onset() < slow / 2  # more decay, an earlier generalisation
    assert slider.get_attribute("aria-valuetext") == output.inner_text()


def test_cases_channels_and_looks_redraw(visit):
    tab = visit(ENTRY)
    before = drawn(tab, "#panels")
    assert len(before) == 2
    for name in ("logx", "logy", "band", "seeds"):
        tab.click(f"input[name={name}]")
        assert drawn(tab, "#panels") != before, name
        tab.click(f"input[name={name}]")
        assert drawn(tab, "#panels") == before, name
    tab.click("input[name=case] >> nth=2")
    assert drawn(tab, "#panels") != before
    tab.click("input[name=channel][value=test_loss]")
    assert len(drawn(tab, "#panels")) == 1
    for box in tab.locator("input[name=case]").all():
        box.uncheck()
    assert tab.locator("#panels").inner_text() == "Choose a case and a channel."


def test_every_recording_is_drawn(visit):
    for one in every_listing():
        if one.recording is not None:
            tab = visit(f"entries/{one.key}.html")
            assert len(drawn(tab, "#panels")) == len(one.recording["panels"]), one.key
            assert tab.locator(".sweep:visible").count() == len(one.recording["sweeps"]), one.key
            for slider in tab.locator(".sweep input").all():
                slider.fill(slider.get_attribute("max"))
            tab.context.close()


def test_the_theme_is_chosen_and_kept(visit):
    tab = visit(ENTRY)
    ground = lambda: tab.evaluate("getComputedStyle(document.body).backgroundColor")  # noqa: E731
    light, curves = ground(), drawn(tab, "#panels")
    tab.click("#theme")
    assert ground() != light and drawn(tab, "#panels") != curves
    tab.goto(tab.url.replace(ENTRY, "index.html"))
    assert ground() != light


def test_all_is_there_without_scripts(visit):
    tab = visit(ENTRY, java_script_enabled=False)
    assert tab.locator("#law-weight_decay").is_visible() and tab.locator("noscript").count() >= 1
    assert not tab.locator("#explorer").is_visible()


def test_three_clicks_to_the_exponent(visit):
    tab = visit("index.html")
    tab.click("text=Delayed generalisation of a regression")
    tab.click("text=Laws and maps")
    law = tab.locator("section.map", has=tab.locator("#law-weight_decay"))
    law.scroll_into_view_if_needed()
    row = law.locator("tbody tr").first.inner_text()
    assert "exponent" in row and "-1" in row and "disagrees" in row


def test_a_name_runs_nothing(visit, tmp_path):
    evil = "</script><script>window.hit = 1</script><img src=x onerror='window.hit = 1'>"
    one = next(one for one in every_listing() if one.key == "catapult")
    entry = one.entry.model_copy(update={"title": evil, "definition": evil, "also_known_as": (evil,), "notes": evil})
    entry._key = one.key
    object.__setattr__(one, "entry", entry)
    cases = [case | {"name": evil, "control": evil} for case in one.recording["cases"]]
    object.__setattr__(one, "recording", {**one.recording, "cases": cases})
    for path, content in built([one]).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    for path in ("index.html", "entries/catapult.html"):
        tab = visit(f"{tmp_path.as_uri()}/{path}")
        assert tab.evaluate("window.hit") is None
        assert tab.locator("h1, h2").filter(has_text="window.hit").count() >= 1


def test_a_report_draws_its_curves_and_its_names_run_nothing(visit, tmp_path):
    name = "<img src=x onerror='window.hit = 1'>"
    rows = "\n".join(f"{t},{5.0 if t > 3000 else 1 / (1 + t)}" for t in range(0, 6000, 10))
    (tmp_path / f"{name}.csv").write_text(f"step,train_loss\n{rows}\n")
    done = CliRunner().invoke(cli, ["report", str(tmp_path / f"{name}.csv"), "--out", str(tmp_path / "r.html")])
    assert done.exit_code == 0, done.output
    for theme in ("light", "dark"):
        tab = visit((tmp_path / "r.html").as_uri(), theme, 360)
        assert tab.evaluate("window.hit") is None and name in tab.locator("h2").inner_text()
        assert len(drawn(tab, "[data-run]")) == 1
        assert "lost from 3" in tab.locator(".chart").get_attribute("aria-label")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_page_of_verdicts_can_be_read_by_everybody(visit, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    row = Row("found", "at least 80 %", ["> 82.9 % (16/16)"], ["holds"], "measured", "1", "-0.1", False, "a2020b")
    block = Block("case", "a", "<b>a case</b>", "a cause", "lr = 1", 16, [1], [row])
    png = next((ROOT / "docs" / "figures").glob("*.png")).read_bytes()
    one = Judged("<i>An entry</i>", "entry-1", "It is.", png, [(block, png)])
    (tmp_path / "r.html").write_bytes(verdicts_page([one], "1 claim: 1 hold."))
    for theme, width in (("light", 1280), ("dark", 360)):
        tab = visit((tmp_path / "r.html").as_uri(), theme, width)
        assert tab.locator("h2").inner_text() == "<i>An entry</i>" and tab.locator("h3").inner_text() == "<b>a case</b>"
        assert tab.evaluate("[...document.images].every((image) => image.naturalWidth > 100)")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert Axe().run(tab, options={"preload": False}).response["violations"] == []

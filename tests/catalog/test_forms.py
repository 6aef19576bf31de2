"""Each form against its equation, and what the catalog and its schema make of the table of forms."""

import math
import re

import numpy as np
import pytest
from pydantic import ValidationError

from bestiary.catalog import schema
from bestiary.catalog.forms import FORMS
from bestiary.catalog.map_claims import Law

X = np.array([0.5, 1.0, 3.0])
each_form = pytest.mark.parametrize("name", FORMS)


def law(form, *parameters):
    claims = tuple({"of": p, "within": (0.0, 1.0), "source": "measured"} for p in parameters)
    theory = {"theory": {"name": "a product", "formula": "2 * lr"}} if form == "theory" else {}
    return Law.model_validate({"over": "lr=1:2:3", "form": form, "claims": claims} | theory)


@each_form
def test_a_form_is_what_its_equation_says(name):
    form, at_zero, slope = FORMS[name], 1.5, -0.7
    line = (math.log(at_zero) if form.on_logs else at_zero) + slope * form.u(X)
    y, equation = form.equation.replace("^", "**").replace("ln ", "np.log").replace("exp(", "np.exp(").split(" = ")
    assert y in ("y", "y / g")
    equation = equation.replace("y / g", "y").replace("x / g", "x")  # of the theory: both over their middle
    values = {form.at_zero: at_zero, form.slope: slope, "x": X, "np": np}
    said = eval(re.sub(r"np\.log(\w)", r"np.log(\1)", equation), values)
    assert (np.exp(line) if form.on_logs else line) == pytest.approx(said, rel=1e-12)


@each_form
def test_a_form_that_needs_x_above_0_has_no_finite_u_at_0(name):
    with np.errstate(divide="ignore"):
        assert np.isfinite(FORMS[name].u(np.zeros(1)))[0] == (not FORMS[name].above_0)


@each_form
def test_the_catalog_takes_claims_of_every_form_and_of_its_parameters_alone(name):
    parameters = FORMS[name].parameters
    assert len(set(parameters)) == 2
    assert law(name, *parameters).form == name
    with pytest.raises(ValidationError, match=f"a {name} law has {parameters[0]} and {parameters[1]}, not 'width'"):
        law(name, "width")


def test_the_schema_lists_the_forms_and_their_equations():
    rule = schema.schema()["$defs"]["Law"]["properties"]["form"]
    assert rule["enum"] == list(FORMS)
    assert rule["type"] == "string"
    assert all(form.equation in rule["description"] for form in FORMS.values())

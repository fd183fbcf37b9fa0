"""The packaged samples: listed, printed, and each a sound problem."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from computeroute.routing.errors import UnknownNameError
from computeroute.routing.problem import Problem
from computeroute.topologies import load, sample_text, samples
from computeroute.topologies.samples import sample_names, sample_path


def test_samples_are_listed_with_what_they_show() -> None:
    listed = samples()
    assert [sample.name for sample in listed] == sorted(sample_names())
    assert {"two-sites", "east-data-west-compute", "multicloud"} <= set(sample_names())
    for sample in listed:
        assert sample.title
        assert len(sample.description) > 20
        assert sample.path.is_file()


@pytest.mark.parametrize("name", sample_names())
def test_a_sample_is_a_sound_problem(name: str) -> None:
    problem = load(name)
    assert problem.name
    assert Problem.parse(json.loads(sample_text(name))).name == problem.name
    assert Problem.parse(problem.model_dump(mode="json")) == problem


@pytest.mark.parametrize("name", sample_names())
def test_the_text_of_a_sample_is_its_file(name: str, tmp_path: Path) -> None:
    [sample] = [sample for sample in samples() if sample.name == name]
    assert sample.text() == sample_text(name) == sample_path(name).read_text(encoding="utf-8")
    copy = tmp_path / "copy.json"
    copy.write_text(sample_text(name), encoding="utf-8")
    assert load(copy).digest == load(name).digest


def test_an_unknown_sample_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown sample 'two-sitez'; did you mean 'two-sites'"):
        sample_text("two-sitez")
    with pytest.raises(UnknownNameError, match=r"unknown sample '\.\./catalog'"):
        sample_text("../catalog")

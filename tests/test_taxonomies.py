"""The lists that labelers choose from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clusterlab.config.compose import compose
from clusterlab.config.find import groups
from clusterlab.config.resolved import resolve
from clusterlab.labelers.parse import check_categories

NAMES = sorted(set(groups()["taxonomy"]) - {"none"})


def taxonomy(name: str, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = resolve(compose([f"taxonomy={name}", *words]))["taxonomy"]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_list_can_be_chosen_from(name: str) -> None:
    found = taxonomy(name)
    check_categories(found["categories"])
    assert found["name"] == name


@pytest.mark.parametrize(("name", "n"), [("ncp_3", 3), ("ncp_8", 8), ("ncp_26", 26)])
def test_the_levels_of_the_study(name: str, n: int) -> None:
    assert len(taxonomy(name)["categories"]) == n


@pytest.mark.parametrize(("lower", "upper"), [("ncp_8", "ncp_3"), ("ncp_26", "ncp_8")])
def test_every_category_has_its_place_in_the_level_above(lower: str, upper: str) -> None:
    found, above = taxonomy(lower), taxonomy(upper)["categories"]
    parents = [found["parents"][category] for category in found["categories"]]
    # In the order of the level above, and none of that is left without a part.
    assert list(dict.fromkeys(parents)) == above


@pytest.mark.parametrize("name", NAMES)
def test_parents_end_at_the_top(name: str) -> None:
    parents = taxonomy(name)["parents"]
    top = set(taxonomy("ncp_3")["categories"])
    for category in parents:
        climbed = [category]
        while climbed[-1] in parents:
            climbed.append(parents[climbed[-1]])
            assert len(climbed) <= 3
        assert climbed[-1] in top


def test_the_study_counts_six_kinds_of_ecosystem_assets() -> None:
    found = taxonomy("ncp_26")
    tops = [found["parents"][found["parents"][name]] for name in found["categories"]]
    assert [tops.count(name) for name in dict.fromkeys(tops)] == [6, 13, 7]


def test_clothes_are_spelled_as_their_folders(shared_data: Path) -> None:
    folders = sorted(path.name for path in (shared_data / "clothing" / "test").iterdir())
    assert sorted(taxonomy("clothing")["categories"]) == folders


def test_a_list_of_ones_own() -> None:
    config = resolve(compose(["labeler=server", "taxonomy.categories=[cat,dog]"]))
    assert config["labeler"]["server"]["categories"] == ["cat", "dog"]

"""Rebalancing against the study's arithmetic, done by hand; and its augmentations."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from sklearn.utils.class_weight import compute_class_weight

from clusterlab.config.construct import construct
from clusterlab.errors import ConfigError, DataError
from clusterlab.finetune.class_weights import class_weights
from clusterlab.finetune.rebalance import Balance, Item, Rebalance

CONF = Path(__file__).resolve().parent.parent / "conf"
AUGMENTATIONS = sorted(path.stem for path in CONF.glob("finetune/augmentation/*.yaml"))
# 13 classes, so that the 75% quantile is the tenth smallest size: 6.
COMMUNITIES = dict(zip("abcdefghijklm", (50, 10, 8, 6, 5, 4, 4, 3, 3, 2, 2, 1, 1), strict=True))
CATEGORIES = {"cestaria": 100, "adornos": 30, "armas": 20, "cerâmica": 11, "etnobotânica": 3}


def table(sizes: Mapping[str, int], column: str = "label") -> pd.DataFrame:
    classes = [class_ for class_, size in sizes.items() for _ in range(size)]
    return pd.DataFrame({column: classes}, dtype=object)


def plan(
    rebalance: Rebalance,
    labels: pd.DataFrame,
    *,
    training: Sequence[bool] | None = None,
    columns: Sequence[str] | None = None,
    multi_valued: Sequence[str] = (),
    digests: Sequence[str] | None = None,
) -> Balance:
    """All rows and columns, each row an image of its own, unless said otherwise."""
    return rebalance.plan(
        labels,
        np.array([True] * len(labels) if training is None else training),
        list(labels.columns) if columns is None else columns,
        multi_valued=frozenset(multi_valued),
        digests=[f"image {row}" for row in range(len(labels))] if digests is None else digests,
    )


def configured(name: str, *overrides: str) -> Any:
    """The rebalancing of conf/finetune/rebalance/NAME.yaml."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(f"finetune/rebalance/{name}", overrides=["+seed=7", *overrides])
    node = OmegaConf.to_container(config, resolve=True)
    assert isinstance(node, dict)
    return construct(node["finetune"]["rebalance"])


def copies(balance: Balance, rows: Sequence[int]) -> dict[int, list[int]]:
    """Row -> the copies of it in an epoch."""
    found: dict[int, list[int]] = {}
    for item in balance.items:
        if item.row in rows:
            found.setdefault(item.row, []).append(item.copy)
    return {row: sorted(numbers) for row, numbers in found.items()}


def test_the_study_balances_communities() -> None:
    labels = table(COMMUNITIES, "povo")
    balance = plan(configured("museum_povo"), labels)
    # More than 6 images have a (50), b (10) and c (8): the median is 10 and T = 2 * 10.
    assert balance.kept == {"povo": ("a", "b", "c")}
    assert balance.threshold_count == 20
    # a: min(1.5 * 20, 50) images and a copy of each; b and c: two copies of each.
    after = {"a": 60, "b": 30, "c": 24}
    assert balance.counts["povo"] == {c: (n, after.get(c, 0)) for c, n in COMMUNITIES.items()}
    assert len(balance.items) == 60 + 30 + 24
    assert list(balance.dropped["povo"]) == list("defghijklm")
    assert set(balance.dropped["povo"].values()) == {"not above the 75% quantile (6 images)"}

    majority = copies(balance, range(50))
    assert len(majority) == 30
    assert all(numbers == [0, 1] for numbers in majority.values())
    assert copies(balance, range(50, 68)) == {row: [0, 1, 2] for row in range(50, 68)}
    assert not copies(balance, range(68, len(labels)))


def test_the_study_balances_categories() -> None:
    balance = plan(configured("museum_categoria"), table(CATEGORIES, "categoria"))
    # The median of 100, 30, 20 and 11 is 25, T = 37.5, and 1.5 * 37.5 = 56.25.
    assert balance.threshold_count == 37.5
    assert balance.dropped == {"categoria": {"etnobotânica": "named in drop_classes"}}
    assert balance.counts["categoria"] == {
        "cestaria": (100, 2 * 56),
        "adornos": (30, 3 * 30),
        "armas": (20, 3 * 20),
        "cerâmica": (11, 3 * 11),
        "etnobotânica": (3, 0),
    }


def test_a_majority_class_never_shows_more_images_than_it_has() -> None:
    labels = table({"a": 40, "b": 25, "c": 10, "d": 10, "e": 10})
    balance = plan(Rebalance(threshold=2, undersample=1.5), labels)
    assert balance.counts["label"] == {
        "a": (40, 30),
        "b": (25, 25),
        "c": (10, 10),
        "d": (10, 10),
        "e": (10, 10),
    }


@pytest.mark.parametrize(
    ("settings", "items", "dropped"),
    [
        ({}, [12, 6, 4, 2], {}),
        ({"threshold": 2}, [12, 6, 4, 2], {}),
        ({"drop_below": 5}, [12, 6, 0, 0], dict.fromkeys("cd", "fewer than 5 images")),
        ({"drop_below": 4}, [12, 6, 4, 0], {"d": "fewer than 4 images"}),
        # Half way between 4 and 6.
        (
            {"drop_quantile": 0.5},
            [12, 6, 0, 0],
            dict.fromkeys("cd", "not above the 50% quantile (5 images)"),
        ),
        ({"drop_quantile": 0}, [12, 6, 4, 0], {"d": "not above the 0% quantile (2 images)"}),
        ({"drop_classes": ["a"]}, [0, 6, 4, 2], {"a": "named in drop_classes"}),
        ({"drop_classes": {"label": ["a"]}}, [0, 6, 4, 2], {"a": "named in drop_classes"}),
        # Each rule looks at all classes: the quantile is that of all four sizes.
        (
            {"drop_classes": ["a"], "drop_below": 3, "drop_quantile": 0.3},
            [0, 6, 4, 0],
            {"a": "named in drop_classes", "d": "fewer than 3 images"},
        ),
        # The median is 5, T is 10.
        ({"threshold": 2, "undersample": 0.5}, [5, 6, 4, 2], {}),
        ({"threshold": 2, "undersample": 1}, [10, 6, 4, 2], {}),
        ({"threshold": 2, "majority_copies": 3}, [48, 6, 4, 2], {}),
        ({"threshold": 2, "minority_copies": 1}, [12, 12, 8, 4], {}),
        ({"threshold": 2, "minority_copies": "auto"}, [12, 18, 12, 6], {}),
        # T is 6, and a class of 6 is no majority.
        ({"threshold": 1.2, "minority_copies": "auto"}, [12, 18, 12, 6], {}),
        # Of 12, 6 and 4 the median is 6.
        ({"drop_below": 4, "threshold": 1, "undersample": 1}, [6, 6, 4, 0], None),
    ],
)
def test_each_piece_works_alone(
    settings: dict[str, Any], items: list[int], dropped: dict[str, str] | None
) -> None:
    sizes = {"a": 12, "b": 6, "c": 4, "d": 2}
    balance = plan(Rebalance(**settings), table(sizes))
    expected = dict(zip(sizes, zip(sizes.values(), items, strict=True), strict=True))
    assert balance.counts == {"label": expected}
    assert len(balance.items) == sum(items)
    if dropped is not None:
        assert balance.dropped == {"label": dropped}
        assert balance.kept == {"label": tuple(c for c in sizes if c not in dropped)}


def test_rounding_errors_move_no_class() -> None:
    # In floating point 2.3 * 100 is below 230.
    labels = table({"a": 230, "b": 100, "c": 100, "d": 300})
    balance = plan(Rebalance(threshold=2.3, undersample=1, drop_below=1), labels.iloc[:430])
    assert balance.threshold_count == 230
    assert balance.counts["label"]["a"] == (230, 230)
    balance = plan(Rebalance(threshold=1.5, undersample=1, minority_copies=1), labels)
    # The median of 300, 230, 100 and 100 is 165.
    assert balance.counts["label"]["d"] == (300, 247)


def test_without_rules_every_labelled_image_is_shown_once() -> None:
    labels = table(COMMUNITIES)
    balance = plan(configured("none"), labels)
    assert sorted(balance.items, key=lambda item: item.row) == [
        Item(row, 0) for row in range(len(labels))
    ]
    assert balance.kept == {"label": tuple(COMMUNITIES)}
    assert balance.threshold_count is None


def test_the_generic_balance_drops_nothing_and_evens_out() -> None:
    balance = plan(configured("balanced"), table(CATEGORIES, "categoria"))
    assert balance.dropped == {"categoria": {}}
    # The median is 20, T = 40, so 60 of the largest class.
    after = [items for _, items in balance.counts["categoria"].values()]
    assert after == [120, 90, 60, 33, 9]


def test_only_the_training_part_is_looked_at() -> None:
    labels = table({"a": 60, "b": 12, "c": 10, "d": 4})
    training = np.arange(len(labels)) % 2 == 0
    digests = [f"image {row}" for row in range(len(labels))]
    settings = configured("balanced", "finetune.rebalance.drop_below=3")
    expected = plan(settings, labels, training=training, digests=digests)
    assert expected.counts["label"]["a"][0] == 30
    assert all(training[item.row] for item in expected.items)

    others = np.flatnonzero(~training)
    changed = labels.copy()
    changed.iloc[others, 0] = ["new", None, "a", "d", "d"] * 8 + ["c"] * (len(others) - 40)
    digests = [
        digest if there else "changed" for digest, there in zip(digests, training, strict=True)
    ]
    assert plan(settings, changed, training=training, digests=digests) == expected


def test_a_class_outside_the_training_part_cannot_be_named() -> None:
    labels = table({"a": 3, "b": 3, "c": 1})
    with pytest.raises(ConfigError, match=r"'c', which no training image has in 'label'"):
        plan(Rebalance(drop_classes=["c"]), labels, training=[True] * 6 + [False])


def test_the_order_of_rows_does_not_matter() -> None:
    labels = table(COMMUNITIES)
    labels["second"] = pd.Series(["x", "y", None] * 33, dtype=object)
    # Exact copies, some of them labelled differently.
    digests = [f"image {row // 2}" for row in range(len(labels))]
    settings = Rebalance(drop_below=4, threshold=1.5, undersample=1, minority_copies=1)
    order = random.Random(0).sample(range(len(labels)), len(labels))

    def shown(rows: Sequence[int]) -> list[tuple[Any, ...]]:
        part = labels.iloc[list(rows)].reset_index(drop=True)
        balance = plan(settings, part, digests=[digests[row] for row in rows])
        return [
            (digests[rows[item.row]], *labels.iloc[rows[item.row]], item.copy)
            for item in balance.items
        ]

    assert shown(order) == shown(range(len(labels)))


def test_the_seed_decides_which_images_are_shown() -> None:
    labels = table({"a": 100, "b": 10, "c": 10})

    def picked(seed: int) -> set[int]:
        settings = Rebalance(threshold=2, undersample=1, random_state=seed)
        return {item.row for item in plan(settings, labels).items if item.row < 100}

    assert picked(0) == picked(0)
    picks = [picked(seed) for seed in range(40)]
    assert len({frozenset(pick) for pick in picks}) == 40
    # 20 of 100 each time: every image comes up, none nearly always.
    often = Counter(row for pick in picks for row in pick)
    assert len(often) == 100
    assert max(often.values()) < 20


def test_not_applied_shows_all_and_says_what_would_stay() -> None:
    labels = table(COMMUNITIES, "povo")
    applied = plan(configured("museum_povo"), labels)
    balance = plan(configured("museum_povo", "finetune.rebalance.apply=false"), labels)
    assert sorted((item.row, item.copy) for item in balance.items) == [
        (row, 0) for row in range(len(labels))
    ]
    assert balance.kept == applied.kept
    assert balance.dropped == applied.dropped
    assert balance.threshold_count == 20
    assert balance.counts == {"povo": {c: (n, n) for c, n in COMMUNITIES.items()}}


def two_columns() -> pd.DataFrame:
    """povo: a 20 (2 of them z), b 8, c 8, rare 1; categoria: x, y, and z for 3 images."""
    rows = (
        [("a", "x")] * 10
        + [("a", "y")] * 8
        + [("a", "z")] * 2
        + [("b", "x")] * 7
        + [("b", "z")]
        + [("c", None)] * 8
        + [("rare", "y")]
        + [(None, "x")] * 5
        + [(None, None)] * 3
    )
    return pd.DataFrame(rows, columns=["povo", "categoria"], dtype=object)


def test_several_heads_share_what_is_dropped_and_one_is_balanced() -> None:
    settings = Rebalance(
        drop_below=2,
        drop_classes={"categoria": ["z"]},
        threshold=2,
        undersample=1,
        majority_copies=1,
        minority_copies="auto",
    )
    balance = plan(settings, two_columns())
    # Left are 18 a, 7 b and 8 c: the median is 8, T = 16.
    assert balance.threshold_count == 16
    assert balance.kept == {"povo": ("a", "b", "c"), "categoria": ("x", "y")}
    assert balance.dropped == {
        "povo": {"rare": "fewer than 2 images"},
        "categoria": {"z": "named in drop_classes"},
    }
    povo = {class_: after for class_, (_, after) in balance.counts["povo"].items()}
    assert povo == {"a": 32, "b": 21, "c": 24, "rare": 0}
    # Without a community they stay, as they are; without any label they are of no use.
    assert copies(balance, range(37, 42)) == {row: [0] for row in range(37, 42)}
    assert not copies(balance, range(42, 45))
    # b, whose image with z has left.
    assert len(copies(balance, range(20, 28))) == 7
    assert balance.counts["categoria"]["x"][0] == 22
    assert balance.counts["categoria"]["z"] == (3, 0)


def test_the_other_column_can_be_balanced() -> None:
    settings = Rebalance(column="categoria", drop_quantile=0, threshold=1, undersample=1)
    balance = plan(settings, two_columns())
    # x 22, y 9, z 3: without the smallest the median is 15.5.
    assert [after for _, after in balance.counts["categoria"].values()] == [15, 9, 0]
    assert balance.kept == {"povo": ("a", "b", "c", "rare"), "categoria": ("x", "y")}
    # Those without a category are all shown.
    assert len(copies(balance, range(28, 36))) == 8


def test_a_study_can_name_classes_of_another_column_over_a_config() -> None:
    over = 'finetune.rebalance.drop_classes={categoria: ["z"]}'
    balance = plan(
        configured("museum_povo", over, "finetune.rebalance.drop_quantile=0"), two_columns()
    )
    assert balance.kept["categoria"] == ("x", "y")


def test_a_class_that_has_nothing_left_is_dropped_with_its_reason() -> None:
    labels = two_columns()
    labels.loc[labels["povo"] == "rare", "categoria"] = "gone"
    balance = plan(Rebalance(drop_below=2), labels)
    assert balance.kept["categoria"] == ("x", "y", "z")
    assert balance.dropped["categoria"] == {
        "gone": "all its images are in dropped classes of another column"
    }

    labels = table({"a": 400, "b": 4, "c": 4}, "povo")
    labels["categoria"] = pd.Series(["lonely", *["x", "y"] * 203, "x"], dtype=object)
    balance = plan(Rebalance(threshold=1, undersample=1), labels)
    assert Item(0, 0) not in balance.items
    assert balance.dropped["categoria"] == {
        "lonely": "undersampling another column picked none of its images"
    }


def test_multi_valued_columns_are_shown_and_counted_as_they_are() -> None:
    tags = [("red",), ("red", "round"), (), ("round",), ("red",)]
    labels = pd.DataFrame({"tags": pd.Series(tags, dtype=object)})
    balance = plan(Rebalance(), labels, multi_valued=["tags"])
    assert sorted(item.row for item in balance.items) == [0, 1, 3, 4]
    assert balance.counts == {"tags": {"red": (3, 3), "round": (2, 2)}}
    assert balance.kept == {}

    labels["label"] = pd.Series(["a", "a", "b", None, "rare"], dtype=object)
    balance = plan(Rebalance(column="label", drop_classes=["rare"]), labels, multi_valued=["tags"])
    assert sorted(item.row for item in balance.items) == [0, 1, 2, 3]
    assert balance.counts["tags"] == {"red": (3, 2), "round": (2, 2)}


def test_every_wrong_setting_is_listed() -> None:
    with pytest.raises(ConfigError) as caught:
        Rebalance(
            drop_below=0,
            drop_quantile=1,
            drop_classes="etnobotânica",
            threshold=-2,
            undersample=float("nan"),
            majority_copies=-1,
            minority_copies="all",
        )
    starts = [
        "drop_below is 0; it must be at least 1",
        "drop_quantile is 1; it must be in [0, 1)",
        "threshold is -2; it must be a number above 0",
        "undersample is nan",
        "majority_copies is -1; it must be 0 or more",
        "minority_copies is 'all'; it must be 0 or more, or auto",
        "drop_classes is no list: 'etnobotânica'. Write "
        "'finetune.rebalance.drop_classes=[\"etnobotânica\"]'.",
    ]
    assert len(caught.value.problems) == len(starts)
    for problem, start in zip(caught.value.problems, starts, strict=True):
        assert problem.startswith(f"finetune.rebalance.{start}")


@pytest.mark.parametrize(
    "settings", [{"undersample": 1.5}, {"majority_copies": 1}, {"minority_copies": "auto"}]
)
def test_a_majority_needs_a_threshold(settings: dict[str, Any]) -> None:
    (name, value), *_ = settings.items()
    with pytest.raises(ConfigError) as caught:
        Rebalance(**settings)
    assert caught.value.problems == [
        f"finetune.rebalance.{name} is {value}, but finetune.rebalance.threshold is not set: it "
        "says how many times the median class size makes a class a majority. For example: "
        "finetune.rebalance.threshold=2."
    ]


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        (
            {"column": "pvo"},
            ["column 'pvo' is not among the columns", "Did you mean 'povo'? It is trained on povo"],
        ),
        (
            {"column": "tags", "drop_below": 2},
            ["column 'tags' holds several values", "Of those trained these are: povo."],
        ),
        (
            {"drop_classes": {"categoria": ["x"], "tags": ["red"]}},
            ["has a column 'categoria', which is not among", "has a column 'tags', which holds"],
        ),
        (
            {"drop_classes": ["guaranni", "kuikuro"]},
            [
                "names 'guaranni', which no training image has in 'povo'. Did you mean 'guarani'? "
                "Its classes: guarani, kayapó.",
                "names 'kuikuro', which no training image has in 'povo'.",
            ],
        ),
    ],
)
def test_settings_that_do_not_fit_the_columns(settings: dict[str, Any], parts: list[str]) -> None:
    labels = table({"guarani": 3, "kayapó": 2}, "povo")
    labels["tags"] = pd.Series([("red",)] * 5, dtype=object)
    with pytest.raises(ConfigError) as caught:
        plan(Rebalance(**settings), labels, multi_valued=["tags"])
    assert all(problem.startswith("finetune.rebalance.") for problem in caught.value.problems)
    for part in parts:
        assert part in str(caught.value)


def test_a_multi_valued_column_cannot_be_balanced_by_default_either() -> None:
    labels = pd.DataFrame({"tags": pd.Series([("red",)] * 5, dtype=object)})
    for rule in ({"drop_classes": ["red"]}, {"threshold": 2}):
        with pytest.raises(ConfigError) as caught:
            plan(Rebalance(**rule), labels, multi_valued=["tags"])
        assert caught.value.problems == [
            "finetune.rebalance.column 'tags' (the first that is trained, as none is set) holds "
            "several values an image, and only single-valued columns can be rebalanced. No trained "
            "one is: use finetune/rebalance=none."
        ]


@pytest.mark.parametrize("apply", [True, False])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"drop_below": 9, "drop_classes": ["c"]},
            "finetune.rebalance drops all 3 classes of 'label'; the largest, 'a' with 8 training "
            "images, because: fewer than 9 images. Training images a class: 'a' 8, 'b' 5, 'c' 5. "
            'Ease finetune.rebalance.drop_below=9 or finetune.rebalance.drop_classes=["c"], or use '
            "finetune/rebalance=none.",
        ),
        (
            {"drop_quantile": 0.7},
            "finetune.rebalance leaves only one of the 3 classes of 'label', 'a': a classifier "
            "needs two. Training images a class: 'a' 8, 'b' 5, 'c' 5. Ease "
            "finetune.rebalance.drop_quantile=0.7, or use finetune/rebalance=none.",
        ),
    ],
)
def test_too_few_classes_left(settings: dict[str, Any], message: str, apply: bool) -> None:
    with pytest.raises(DataError) as caught:
        plan(Rebalance(apply=apply, **settings), table({"a": 8, "b": 5, "c": 5}))
    assert str(caught.value) == message


def test_classes_of_one_size_all_lie_on_the_quantile() -> None:
    labels = table({f"class {number:02}": 5 for number in range(12)})
    with pytest.raises(DataError, match=r"because: not above the 75% quantile \(5 images\)") as c:
        plan(Rebalance(drop_quantile=0.75), labels)
    assert "'class 09' 5, ... (12 in all)." in str(c.value)


def test_undersampling_to_nothing_is_refused() -> None:
    labels = table({"a": 8, "b": 2, "c": 2})
    with pytest.raises(DataError, match=r"undersample=0.2 is too little: of a class with more tha"):
        plan(Rebalance(threshold=2, undersample=0.2), labels)
    # Nothing is undersampled here.
    balance = plan(Rebalance(threshold=2, undersample=0.2), table({"a": 2, "b": 2}))
    assert len(balance.items) == 4


def test_undersampling_that_leaves_another_column_one_class_says_so() -> None:
    labels = table({"a": 400, "b": 4, "c": 4}, "povo")
    labels["categoria"] = pd.Series(["lonely"] + ["x"] * 407, dtype=object)
    with pytest.raises(DataError, match=r"'categoria', 'x': .* Ease finetune.rebalance.undersampl"):
        plan(Rebalance(threshold=1, undersample=1), labels)


def test_a_training_part_that_cannot_teach_a_classifier() -> None:
    one = pd.DataFrame({"label": ["a", "a", "b", None]}, dtype=object)
    with pytest.raises(DataError, match="only one class in 'label', 'a' with 2 images"):
        plan(Rebalance(), one, training=[True, True, False, True])
    with pytest.raises(DataError, match="None of the 1 training images has a label in label"):
        plan(Rebalance(), one, training=[False, False, False, True])
    one["second"] = pd.Series([None, None, "x", "y"], dtype=object)
    one.loc[1, "label"] = "b"
    with pytest.raises(DataError, match="No training image has a label in 'second'"):
        plan(Rebalance(), one, training=[True, True, False, False])


def test_class_weights_are_those_of_scikit_learn_and_have_a_mean_of_one() -> None:
    counts = [112, 90, 60, 33]
    items = np.repeat(np.arange(4), counts)
    weights = class_weights(counts)
    expected = compute_class_weight("balanced", classes=np.arange(4), y=items)
    np.testing.assert_allclose(weights, expected)
    np.testing.assert_allclose(weights[items].mean(), 1)
    # By hand: 295 items, 4 classes.
    np.testing.assert_allclose(weights[3], 295 / (4 * 33))


@pytest.mark.parametrize("counts", [[], [3, 0]])
def test_a_class_without_items_has_no_weight(counts: list[int]) -> None:
    with pytest.raises(DataError, match="A class without images has no weight"):
        class_weights(counts)


def augmentation(name: str) -> Any:
    text = (CONF / "finetune" / "augmentation" / f"{name}.yaml").read_text(encoding="utf-8")
    return construct(yaml.safe_load(text))


@pytest.fixture
def picture() -> torch.Tensor:
    """Noise, in the form that a model sees: no two of its mirror images are alike."""
    return torch.randint(0, 256, (3, 40, 32), generator=torch.Generator().manual_seed(1)).to(
        torch.uint8
    )


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmentations_are_drawn_anew_and_repeat_under_a_seed(
    name: str, picture: torch.Tensor
) -> None:
    transform, before = augmentation(name), picture.clone()
    torch.manual_seed(0)
    draws = [transform(picture) for _ in range(20)]
    torch.manual_seed(0)
    again = [transform(picture) for _ in range(20)]
    assert all(torch.equal(a, b) for a, b in zip(draws, again, strict=True))
    assert all(draw.shape == picture.shape and draw.dtype == torch.uint8 for draw in draws)
    assert torch.equal(picture, before)
    different = len({draw.numpy().tobytes() for draw in draws})
    assert different == 1 if name == "none" else different > 1
    if name == "none":
        assert torch.equal(draws[0], picture)


def test_the_study_mirrors_and_blurs_six_times_in_ten(picture: torch.Tensor) -> None:
    transform = augmentation("museum")
    mirrored = {axes: picture.flip(axes) for axes in ((), (2,), (1,), (1, 2))}
    torch.manual_seed(0)
    found: Counter[tuple[int, ...]] = Counter()
    draws = 600
    for _ in range(draws):
        drawn = transform(picture)
        # A blur of noise is nearer to its own mirror image than to any other.
        distance = {
            axes: (drawn.float() - image.float()).abs().mean() for axes, image in mirrored.items()
        }
        nearest = min(distance, key=lambda axes: distance[axes])
        found[nearest] += 1
        found[(9,)] += int(torch.equal(drawn, mirrored[nearest]))
    share = {axes: number / draws for axes, number in found.items()}
    assert share[(2,)] == pytest.approx(0.6 * 0.4, abs=0.05)
    assert share[(1,)] == pytest.approx(0.4 * 0.6, abs=0.05)
    assert share[(1, 2)] == pytest.approx(0.6 * 0.6, abs=0.05)
    # Four in ten, and those that were blurred too little to see (sigma below about .25).
    assert 0.36 < share[(9,)] < 0.52


@pytest.mark.parametrize(
    ("name", "degrees", "least", "most"),
    [("patternmind", 54, 0.87, 1.18), ("photo", 10, 0.8, 1.25)],
)
def test_turns_zooms_and_moves_stay_within_what_the_config_says(
    name: str, degrees: float, least: float, most: float
) -> None:
    affine = augmentation(name).transforms[1]
    # A dot in the middle, to see where it goes, and one to its right, to see how far and where.
    image = torch.zeros((3, 161, 161), dtype=torch.uint8)
    image[0, 78:83, 78:83] = 255
    image[1, 78:83, 108:113] = 255
    torch.manual_seed(0)
    turned, zoomed, moved = [], [], []
    for _ in range(300):
        drawn = affine(image)
        middle, right = ((drawn[c] > 160).nonzero().float().mean(dim=0) for c in (0, 1))
        down, along = (right - middle).tolist()
        turned.append(np.degrees(np.arctan2(down, along)))
        zoomed.append(np.hypot(down, along) / 30)
        moved.append((middle - 80).abs().max().item() / 161)
    assert degrees * 0.9 < np.abs(turned).max() < degrees + 2
    assert least - 0.03 < min(zoomed) < least + 0.06
    assert most - 0.06 < max(zoomed) < most + 0.03
    assert 0.09 < max(moved) < 0.11

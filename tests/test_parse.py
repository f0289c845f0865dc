"""Answers as vision-language models give them, and what they are held to."""

from __future__ import annotations

import time
import unicodedata
from typing import Any

import pytest
import yaml

from clusterlab.config.find import conf_dir
from clusterlab.errors import ComponentError, ConfigError
from clusterlab.labelers.parse import check_categories, parse
from clusterlab.labelers.prompts import PROMPTS, most_of, written
from clusterlab.labelling import VALID
from clusterlab.spoken import plain_answer


def taxonomy(name: str) -> list[str]:
    text = (conf_dir() / "taxonomy" / f"{name}.yaml").read_text(encoding="utf-8")
    found: list[str] = yaml.safe_load(text)["categories"]
    return found


NCP = taxonomy("ncp_26")
NCP_8 = taxonomy("ncp_8")
CLOTHES = taxonomy("clothing")
WATER = ["Water", "Water activities", "Roads", "Railroads"]

# (answer, the categories it names, status), of the 26 categories, one asked for.
ANSWERS: list[tuple[str, str, str]] = [
    # As they are spelled.
    ("Plants", "Plants", "exact"),
    (" Tracks and trails\n", "Tracks and trails", "exact"),
    ("Assistant: Wind farm", "Wind farm", "exact"),
    ("Plants</s>", "Plants", "exact"),
    ("Plants<|im_end|>", "Plants", "exact"),
    ("<think>A road? No, too narrow.</think>\n\nTracks and trails", "Tracks and trails", "exact"),
    # Case, punctuation, markdown, numbering.
    ("PLANTS", "Plants", "mapped"),
    ("plants.", "Plants", "mapped"),
    ('"Plants"', "Plants", "mapped"),
    ("“Plants”", "Plants", "mapped"),
    ("**Plants**", "Plants", "mapped"),
    ("`Plants`", "Plants", "mapped"),
    ("- Plants", "Plants", "mapped"),
    ("[Plants]", "Plants", "mapped"),
    ("# Plants", "Plants", "mapped"),
    ("6. Plants", "Plants", "mapped"),
    ("(6) Plants", "Plants", "mapped"),
    ("F) Plants", "Plants", "mapped"),
    ("1. **Plants**", "Plants", "mapped"),
    ("\N{SEEDLING} Plants \N{SEEDLING}", "Plants", "mapped"),
    ("Ｐｌａｎｔｓ", "Plants", "mapped"),  # noqa: RUF001
    ("Pla\N{SOFT HYPHEN}nts\N{ZERO WIDTH SPACE}", "Plants", "mapped"),
    ("$\\boxed{\\text{Plants}}$", "Plants", "exact"),
    ('{"category": "Plants"}', "Plants", "mapped"),
    ('```json\n{"label": "Plants", "confidence": 0.92}\n```', "Plants", "mapped"),
    # Number, and other ways to write the same.
    ("Plant", "Plants", "mapped"),
    ("a road", "Roads", "mapped"),
    ("Fungi", "Fungus", "mapped"),
    ("Vehicle(s)", "Vehicle", "mapped"),
    ("Water activity", "Water activities", "mapped"),
    ("Town and village", "Towns and villages", "mapped"),
    ("Tracks & Trails", "Tracks and trails", "mapped"),
    ("tracks-and-trails", "Tracks and trails", "mapped"),
    ("Tracks/trails", "Tracks and trails", "mapped"),
    ("**Tracks** and **trails**", "Tracks and trails", "mapped"),
    ("WindFarm", "Wind farm", "mapped"),
    ("wind_farm", "Wind farm", "mapped"),
    ("winter\u2011activities", "Winter activities", "mapped"),
    # Sentences around it.
    ("The answer is Roads.", "Roads", "mapped"),
    ("Answer: Roads", "Roads", "mapped"),
    ("**Answer:**\n\nRoads", "Roads", "mapped"),
    ("Category: Roads", "Roads", "mapped"),
    ("This image shows a lighthouse.", "Lighthouse", "mapped"),
    ('This picture belongs to the category of "Wind farm".', "Wind farm", "mapped"),
    (
        "I would classify this image as Vegetation and habitats.",
        "Vegetation and habitats",
        "mapped",
    ),
    (
        "Based on the image provided, the category that best describes what is seen in it is "
        "**Heritage & culture**.",
        "Heritage and culture",
        "mapped",
    ),
    (
        'The image belongs to the category "Wind farm" as it shows turbines beside a road.',
        "Wind farm",
        "mapped",
    ),
    ("The best match would be: Shelter", "Shelter", "mapped"),
    ("Maybe plants?", "Plants", "mapped"),
    ("There is no doubt: a lighthouse.", "Lighthouse", "mapped"),
    # What is told after it, or before it.
    ("Plants. The image shows a deer that grazes by a road.", "Plants", "mapped"),
    ("Plants\n\nThe image shows a road with flowers and some animals.", "Plants", "mapped"),
    ("Plants - the photo shows a flower bed", "Plants", "mapped"),
    ("Animals (a dog)", "Animals", "mapped"),
    ("A dirt road leads into a forest.\n\nTracks and trails", "Tracks and trails", "mapped"),
    ("Answer: Dam\nExplanation: animals and plants are far away.", "Dam", "mapped"),
    (
        "Step 1: I see water and a road.\nCandidates: Dam, Dock, Roads.\n\nFinal answer: **Dock**",
        "Dock",
        "mapped",
    ),
    ("Plants: yes\nAnimals: no\nRoads: no", "Plants", "mapped"),
    # Denied, so not named.
    ("This is not a plant but an animal.", "Animals", "mapped"),
    ("I don't see any animals; it is a dam.", "Dam", "mapped"),
    ("There are no animals, roads or bridges here, just plants.", "Plants", "mapped"),
    ("Rather than roads, it shows tracks and trails.", "Tracks and trails", "mapped"),
    ("Animals are not visible; the picture is about plants.", "Plants", "mapped"),
    ("Plants, not animals.", "Plants", "mapped"),
    ("Nothing but plants.", "Plants", "mapped"),
    ("Not plants", "", "invalid"),
    ("The image isn't an animal.", "", "invalid"),
    ("There are no animals in this picture.", "", "invalid"),
    ("It is neither a road nor a bridge.", "", "invalid"),
    ("A landscape without animals, plants, or roads", "", "invalid"),
    ("Non-plants", "", "invalid"),
    # No category fits.
    ("NOT VALID", "", "refused"),
    ("Not valid.", "", "refused"),
    ('"**NOT VALID**"', "", "refused"),
    ("Not_Valid", "", "refused"),
    ("NOT VALID: unreadable", "", "refused"),
    ("NOT VALID. The image shows a plate with food made of plants.", "", "refused"),
    ("not valid, too dark to tell plants from animals", "", "refused"),
    ("The answer is NOT VALID because it shows a potted plant.", "", "refused"),
    ("None of the above", "", "refused"),
    ("None of the given categories apply to this image.", "", "refused"),
    ("None.", "", "refused"),
    ("N/A", "", "refused"),
    ("No suitable category fits.", "", "refused"),
    ("The image does not fit into any of the given categories.", "", "refused"),
    # Outside the list, or more than was asked for.
    ("Trees", "", "invalid"),
    ("Trails", "", "invalid"),
    ("Plantation", "", "invalid"),
    ("roadside", "", "invalid"),
    ("6", "", "invalid"),
    ("...", "", "invalid"),
    ("I'm sorry, I can't help with that.", "", "invalid"),
    ("The image shows a man on a bicycle.", "", "invalid"),
    ("Plants, Animals", "", "invalid"),
    ("Plants and animals", "", "invalid"),
    ("Plants or Animals", "", "invalid"),
    ("Vegetation and habitats / Plants", "", "invalid"),
    ("Plants\nAnimals", "", "invalid"),
    ("1. Plants\n2. Animals", "", "invalid"),
    ("Winter and water activities", "", "invalid"),
    ("Not only plants but also animals.", "", "invalid"),
    ("Plants. It could also be Animals.", "", "invalid"),
    ("Plants. Actually, it is Animals.", "", "invalid"),
    ("Plants\n\nAnswer: Animals", "", "invalid"),
    ("Plants (NOT VALID)", "", "invalid"),
    ("None of the categories fits well, but the nearest is Roads.", "", "invalid"),
    ("A road beside a dock", "", "invalid"),
    (", ".join(NCP), "", "invalid"),
    ("Plants " * 3000, "", "invalid"),
    # Nothing.
    ("", "", "empty"),
    (" \n", "", "empty"),
    ("<think>Plants!</think>", "", "empty"),
    ("<|im_end|>", "", "empty"),
    ("<think>Is it plants", "", "empty"),
    ("Plants <think>or is it", "", "empty"),
    # Ticked, and not ticked.
    ("- [ ] Plants\n- [x] Animals", "Animals", "mapped"),
    ("[x] Animals\n[ ] Plants", "Animals", "mapped"),
    ("1. [ ] Plants\n2. [X] Animals\n3. [ ] Roads", "Animals", "mapped"),
    ("\N{BALLOT BOX} Plants\n\N{BALLOT BOX WITH CHECK} Animals", "Animals", "mapped"),
    ("Plants \N{CROSS MARK}\nAnimals \N{WHITE HEAVY CHECK MARK}", "Animals", "mapped"),
    ("- [ ] Plants\n- [ ] Animals", "", "invalid"),
    ("- [x] Plants\n- [x] Animals", "", "invalid"),
    ("Plants \N{CROSS MARK}", "", "invalid"),
    # Denied in other words.
    ("Plants: incorrect", "", "invalid"),
    ("Plants - incorrect", "", "invalid"),
    ("Plants? Unlikely.", "", "invalid"),
    ("Plants: not visible", "", "invalid"),
    ("Plants (not present)", "", "invalid"),
    ("Plants are very unlikely.", "", "invalid"),
    ("Plants is the wrong category.", "", "invalid"),
    ("It is unlikely to be Plants", "", "invalid"),
    ("It is impossible that these are plants.", "", "invalid"),
    ("I doubt that it shows plants.", "", "invalid"),
    ("The picture is far from Plants.", "", "invalid"),
    ("I rule out Plants", "", "invalid"),
    ("The category 'Plants' can be excluded", "", "invalid"),
    ("Plants can be ruled out.", "", "invalid"),
    ("It fails to show Plants", "", "invalid"),
    ("Plants: incorrect. Animals: correct.", "Animals", "mapped"),
    ("It is unlikely to be plants, so it is animals.", "Animals", "mapped"),
    ("Plants: not animals", "Plants", "mapped"),
    # Part of another thing's name, and not.
    ("Power plant", "", "invalid"),
    ("A power plant.", "", "invalid"),
    ("Category: power plant", "", "invalid"),
    ("The answer is power plant.", "", "invalid"),
    ("Road sign", "", "invalid"),
    ("**Road** sign", "", "invalid"),
    ("Rail roads", "", "invalid"),
    ("road-side", "", "invalid"),
    ("the plants", "Plants", "mapped"),
    ("Green plants", "Plants", "mapped"),
    ("Potted plants on a window sill", "Plants", "mapped"),
    ("Mostly plants", "Plants", "mapped"),
    ("Category Plants", "Plants", "mapped"),
    ("Animals grazing in a field", "Animals", "mapped"),
    ("A road through a forest", "Roads", "mapped"),
    ("The answer is Roads because asphalt is visible.", "Roads", "mapped"),
    ("The best category is Animals, although plants are visible too.", "Animals", "mapped"),
]

# (answer, categories, how many are asked for, what it names, status).
OTHER_LISTS: list[tuple[str, list[str], int, str, str]] = [
    # Two asked for.
    ("Plants, Animals", NCP, 2, "Plants|Animals", "exact"),
    ("Animals\nPlants", NCP, 2, "Animals|Plants", "exact"),
    ("Plants", NCP, 2, "Plants", "exact"),
    ("1. Plants\n2. Animals", NCP, 2, "Plants|Animals", "mapped"),
    ("plants & animals", NCP, 2, "Plants|Animals", "mapped"),
    (
        "The two categories are Roads and Tracks and trails.",
        NCP,
        2,
        "Roads|Tracks and trails",
        "mapped",
    ),
    ("Winter and water activities", NCP, 2, "Winter activities|Water activities", "mapped"),
    ("Plants, NOT VALID", NCP, 2, "Plants", "mapped"),
    ("NOT VALID, NOT VALID", NCP, 2, "", "refused"),
    ("Plants, Animals, Roads", NCP, 2, "", "invalid"),
    # One name within another.
    ("water activities", WATER, 1, "Water activities", "mapped"),
    ("The answer is water.", WATER, 1, "Water", "mapped"),
    ("A railroad", WATER, 1, "Railroads", "mapped"),
    ("Water, water activities", WATER, 1, "", "invalid"),
    # Names with brackets, hyphens, commas.
    ("Physical interaction (recreation)", NCP_8, 1, "Physical interaction (recreation)", "exact"),
    ("It is physical interaction.", NCP_8, 1, "Physical interaction (recreation)", "mapped"),
    ("Land/Seascapes", NCP_8, 1, "Land or seascapes", "mapped"),
    ("coproduction", ["Co-production", "Asset"], 1, "Co-production", "mapped"),
    ("It is food, drink.", ["Food, drink", "Art"], 1, "Food, drink", "mapped"),
    ("Food", ["Food, drink", "Art"], 1, "", "invalid"),
    # Clothes.
    ("T-Shirt", CLOTHES, 1, "t-shirt", "mapped"),
    ("A pair of shoes.", CLOTHES, 1, "shoes", "mapped"),
    ("t shirts", CLOTHES, 1, "t-shirt", "mapped"),
    ("Long sleeve", CLOTHES, 1, "longsleeve", "mapped"),
    ("A short dress", CLOTHES, 1, "dress", "mapped"),
    ("Dresses", CLOTHES, 1, "dress", "mapped"),
    ("long-sleeved shirt", CLOTHES, 1, "shirt", "mapped"),
    # Names that are numbers or letters, and names that deny.
    ("7", ["3", "7"], 1, "7", "exact"),
    ("The digit is 7.", ["3", "7"], 1, "7", "mapped"),
    ("B", ["A", "B"], 1, "B", "exact"),
    ("No people", ["People", "No people"], 1, "No people", "exact"),
    ("I see no people", ["People", "No people"], 1, "No people", "mapped"),
    ("None", ["None", "Some"], 1, "None", "exact"),
    # Other languages. Accents count, however they are encoded.
    ("Forêt", ["Forêt", "Plage"], 1, "Forêt", "exact"),
    (unicodedata.normalize("NFD", "Forêt"), ["Forêt", "Plage"], 1, "Forêt", "exact"),
    (
        "Forêt",
        [unicodedata.normalize("NFD", "Forêt")],
        1,
        unicodedata.normalize("NFD", "Forêt"),
        "exact",
    ),
    ("l'image montre une forêt", ["Forêt", "Plage"], 1, "Forêt", "mapped"),
    ("C'est l'eau.", ["Eau", "Feu"], 1, "Eau", "mapped"),
    ("Foret", ["Forêt", "Plage"], 1, "", "invalid"),
    ("STRASSE", ["Straße", "Weg"], 1, "Straße", "mapped"),
    ("ДОРОГА.", ["дорога", "река"], 1, "дорога", "mapped"),
    ("صورة نبات", ["نبات", "حيوان"], 1, "نبات", "mapped"),
    ("यह पौधा है", ["पौधा", "पशु"], 1, "पौधा", "mapped"),
    ("植物", ["植物", "动物"], 1, "植物", "exact"),
    ("这张图片显示的是植物。", ["植物", "动物"], 1, "植物", "mapped"),
    ("答案：**植物**", ["植物", "动物"], 1, "植物", "mapped"),  # noqa: RUF001
    ("植物です。", ["植物", "動物"], 1, "植物", "mapped"),
    ("식물입니다.", ["식물", "동물"], 1, "식물", "mapped"),
    ("植物园", ["植物", "动物"], 1, "", "invalid"),
    ("这不是植物。", ["植物", "动物"], 1, "", "invalid"),
    ("植物ではありません", ["植物", "動物"], 1, "", "invalid"),
    ("植物、动物", ["植物", "动物"], 1, "", "invalid"),
]


def test_the_table_is_of_some_size() -> None:
    assert len(ANSWERS) + len(OTHER_LISTS) > 60
    assert len({answer for answer, *_ in ANSWERS}) == len(ANSWERS)


@pytest.mark.parametrize(("answer", "named", "status"), ANSWERS, ids=lambda part: part[:40])
def test_answers_about_the_26(answer: str, named: str, status: str) -> None:
    assert parse(answer, NCP) == (tuple(filter(None, [named])), status)


@pytest.mark.parametrize(("answer", "categories", "most", "named", "status"), OTHER_LISTS)
def test_answers_about_other_lists(
    answer: str, categories: list[str], most: int, named: str, status: str
) -> None:
    check_categories(categories)
    assert parse(answer, categories, most=most) == (tuple(filter(None, named.split("|"))), status)


@pytest.mark.parametrize("name", ["ncp_3", "ncp_8", "ncp_26", "clothing"])
def test_every_category_is_found_however_it_is_written(name: str) -> None:
    categories = taxonomy(name)
    for category in categories:
        assert parse(category, categories) == ((category,), "exact")
        for wording in ("{}.", "**{}**", "The answer is {}.", "3. {}\n\nIt is clearly visible."):
            for spelled in (
                category,
                category.upper(),
                category.lower(),
                category.replace(" ", "-"),
            ):
                answer = wording.format(spelled)
                assert parse(answer, categories) == ((category,), "mapped"), answer
        assert parse(f"It is not {category}.", categories) == ((), "invalid")


def test_what_a_label_is_does_not_depend_on_the_order_of_the_list() -> None:
    for answer, named, status in ANSWERS:
        assert parse(answer, NCP[::-1]) == (tuple(filter(None, [named])), status), answer


def test_an_endless_answer_costs_no_time() -> None:
    for part in (
        "dam ",
        "or dam, ",
        "category dam ",
        "not ",
        "none of ",
        "a",
        "(",
        "<think>",
        "**",
        "</think>",
        "dam is ",
        "power dam ",
        "[ ] dam ",
        "[ ]\n",
        "\\boxed{",
    ):
        begin = time.perf_counter()
        _, status = parse(part * (7900 // len(part)), NCP)
        assert time.perf_counter() - begin < 5, part
        assert status in (*VALID, "invalid", "refused", "empty")


def test_wrapping_without_end_costs_no_time() -> None:
    for part in ("<think>", "</think>", "<think></think>", "\\boxed{", "{", "$", "```", "<|", " "):
        begin = time.perf_counter()
        assert "Plants" not in plain_answer(part * (200_000 // len(part)))
        assert time.perf_counter() - begin < 1, part


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("<think>A</think>B<think>C</think>D", "B D"),
        ("no opening</think>Plants", "Plants"),
        ("Plants <think>sure</think>", "Plants"),
        ("<Think>Plants</Think>", ""),
        ("[THINK]No.[/THINK]Plants", "Plants"),
        ("\u25c1think\u25b7No.\u25c1/think\u25b7Plants", "Plants"),
        ("<|channel|>analysis<|message|>No.<|end|><|channel|>final<|message|>Dam<|return|>", "Dam"),
        ("<|im_start|>assistant\nPlants<|im_end|>", "Plants"),
        ("<answer>Plants</answer>", "Plants"),
        ("```\nPlants\n```", "Plants"),
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ("\\(\\boxed{\\textbf{\\text{Dam}}}\\)", "Dam"),
        ("It costs $5 {sic}", "It costs $5 {sic}"),
    ],
)
def test_what_models_wrap_around_an_answer_is_taken_off(said: str, plain: str) -> None:
    assert plain_answer(said) == plain


@pytest.mark.parametrize(
    ("categories", "says"),
    [
        ([], "taxonomy.categories is empty"),
        (["cat", "cat"], "'cat' is there twice"),
        (["cat", "Cats"], "'cat' and 'Cats' are the same but for case, number or punctuation"),
        (["Tracks & trails", "tracks and trail"], "Rename one of them"),
        (["Forêt", unicodedata.normalize("NFD", "Forêt")], "are the same but for"),
        (["cat", " "], "the category ' ' has no letter or digit"),
        (["cat", "?!"], "the category '?!' has no letter or digit"),
        (["cat|dog", "bird"], "holds a | or a line break"),
        (["cat\ndog", "bird"], "holds a | or a line break"),
        (["Not valid", "bird"], "reads as NOT VALID"),
    ],
)
def test_lists_that_no_answer_can_be_held_to(categories: list[str], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_categories(categories)
    assert says in str(refused.value)


@pytest.mark.parametrize("categories", [[1, 2], [True], ["a", None]])
def test_a_category_that_is_no_text(categories: list[Any]) -> None:
    with pytest.raises(ConfigError, match=f"{categories[-1]} is no text. Put it in quotes"):
        check_categories(categories)


def test_every_problem_of_a_list_is_named() -> None:
    with pytest.raises(ConfigError) as refused:
        check_categories(["cat", "cat", "", "a|b"])
    assert len(refused.value.problems) == 3


@pytest.mark.parametrize("prompt", sorted(PROMPTS))
def test_a_prompt_names_every_category_and_the_way_to_refuse(prompt: str) -> None:
    text = written(prompt, NCP)
    assert [line[2:] for line in text.splitlines() if line.startswith("- ")] == NCP
    assert "NOT VALID" in text
    assert written(prompt.upper(), NCP) == text
    assert most_of(prompt) == (2 if prompt == "p3" else 1)


def test_a_prompt_of_ones_own() -> None:
    assert written("{categories}\nAs {json}.", ["a", "b"]) == "- a\n- b\nAs {json}."
    assert written("One of {categories}: which?", ["a", "b"]) == "One of a, b: which?"
    assert written("Is it a Cat or a dog?", ["cat", "dog"]) == "Is it a Cat or a dog?"
    assert most_of("One of {categories}: which?") == 1
    with pytest.raises(ComponentError, match=r"write \{categories\} where the list shall stand"):
        written("What is it?", ["cat", "dog"])
    with pytest.raises(ComponentError, match="Did you mean 'p"):
        written("p4", ["cat", "dog"])

"""Vision models: the real loading code on small real models and on real ImageNet weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
import transformers as hf
from PIL import Image
from safetensors.torch import load_file, save_file

from clusterlab.components import Component
from clusterlab.datasets.folder import Folder
from clusterlab.errors import ComponentError
from clusterlab.extractors.engine import extract
from clusterlab.extractors.timm import Timm
from clusterlab.extractors.transformers import Transformers
from clusterlab.types import Collection, Compute
from tests import models

EXACT = Compute(device="cpu", precision="fp32")
TINY_VIT: dict[str, Any] = {
    "model": "vit_tiny_patch16_224",
    "model_args": {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 2},
    "crop": 32,
}


def component(instance: Any) -> Component:
    target = f"{type(instance).__module__}.{type(instance).__name__}"
    return Component(name="test", config={"_target_": target}, instance=instance)


def vectors(photos: Collection, extractor: Any, **settings: Any) -> np.ndarray:
    settings = {"compute": EXACT, **settings}
    return extract(photos, component(extractor), **settings).features.values


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> Collection:
    """20 real photos."""
    whole = Folder(path=str(shared_data / "clothing" / "test")).load()
    return whole.take(whole.ids[::18][:20])


@pytest.fixture(scope="module")
def mobilenet(shared_data: Path) -> Path:
    """Real ImageNet weights, with their classifier."""
    return shared_data.parent / "weights" / "mobilenetv2_100_qat_innorm.safetensors"


def images(photos: Collection) -> list[Image.Image]:
    return [Image.open(source.path).convert("RGB") for source in photos.images]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny models of transformers, as a user has them on disk."""
    built = {
        "vit": models.tiny_vit,
        "dinov2": models.tiny_dinov2,
        "dinov3": models.tiny_dinov3,
        "clip": models.tiny_clip,
        "siglip": models.tiny_siglip,
    }
    return {name: build(tmp_path_factory.mktemp(name)) for name, build in built.items()}


def plain_loop(folder: Path, photos: Collection, of: Any) -> np.ndarray:
    """One image at a time, by transformers alone."""
    processor = hf.AutoImageProcessor.from_pretrained(folder, backend="pil")
    model = hf.AutoModel.from_pretrained(folder).eval()
    rows = []
    with torch.inference_mode():
        for image in images(photos):
            inputs = processor(images=image, return_tensors="pt")
            rows.append(of(model, inputs["pixel_values"])[0].numpy())
    return np.array(rows)


@pytest.mark.parametrize(
    ("name", "output", "of"),
    [
        ("vit", "cls", lambda m, x: m(x).last_hidden_state[:, 0]),
        ("vit", "mean", lambda m, x: m(x).last_hidden_state[:, 1:].mean(dim=1)),
        ("vit", "pooled", lambda m, x: m(x).pooler_output),
        ("dinov2", "cls", lambda m, x: m(x).last_hidden_state[:, 0]),
        ("dinov2", "pooled", lambda m, x: m(x).pooler_output),
        ("clip", "pooled", lambda m, x: m.get_image_features(x).pooler_output),
        ("clip", "cls", lambda m, x: m.vision_model(x).last_hidden_state[:, 0]),
        ("siglip", "pooled", lambda m, x: m.get_image_features(x).pooler_output),
        ("siglip", "mean", lambda m, x: m.vision_model(x).last_hidden_state.mean(dim=1)),
    ],
)
def test_transformers_vectors_are_those_of_a_plain_loop(
    name: str, output: str, of: Any, folders: dict[str, Path], photos: Collection
) -> None:
    expected = plain_loop(folders[name], photos, of)
    found = vectors(photos, Transformers(model=str(folders[name]), output=output))
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-4
    assert found.std(axis=0).max() > 1e-3, "the vectors depend on the images"


def test_register_tokens_are_no_patches(folders: dict[str, Path], photos: Collection) -> None:
    """DINOv3 has one class token and four registers before its patches."""
    model = hf.AutoModel.from_pretrained(folders["dinov3"]).eval()
    few = photos.take(photos.ids[:4])
    shown = Transformers(model=str(folders["dinov3"]))
    seen = np.stack([shown.prepare(np.asarray(image)) for image in images(few)]) / 255
    pixels = (seen - shown.transform.mean) / shown.transform.std
    with torch.inference_mode():
        tokens = model(torch.tensor(pixels.transpose(0, 3, 1, 2), dtype=torch.float32))
    states = tokens.last_hidden_state.numpy()
    assert states.shape[1] == 1 + 4 + 16
    for output, expected in (("cls", states[:, 0]), ("mean", states[:, 5:].mean(axis=1))):
        found = vectors(few, Transformers(model=str(folders["dinov3"]), output=output))
        assert np.abs(found - expected).max() < 1e-4


def timm_loop(model: torch.nn.Module, config: dict[str, Any], photos: Collection) -> np.ndarray:
    transform = timm.data.create_transform(**config)
    with torch.inference_mode():
        rows = [model(transform(image)[None])[0].numpy() for image in images(photos)]
    return np.array(rows)


def test_timm_vectors_are_those_of_a_plain_loop(mobilenet: Path, photos: Collection) -> None:
    model = timm.create_model(
        "mobilenetv2_100",
        pretrained=True,
        num_classes=0,
        pad_type="same",
        pretrained_cfg_overlay={"file": str(mobilenet)},
    ).eval()
    config = timm.data.resolve_model_data_config(model)
    expected = timm_loop(model, config, photos)
    extractor = Timm(
        model="mobilenetv2_100", weights=str(mobilenet), model_args={"pad_type": "same"}
    )
    found = vectors(photos, extractor)
    assert found.shape == (20, 1280)
    assert np.abs(found - expected).max() < 1e-4


def test_the_logits_of_real_weights_name_what_is_there(mobilenet: Path, shared_data: Path) -> None:
    """Top-1 on real photos: ImageNet's words for shoes, shorts and T-shirts, not any of 1,000."""
    listed = (mobilenet.parent / "imagenet_labels.txt").read_text(encoding="utf-8").splitlines()
    names = listed[1:]  # the first is "background", which these weights do not have
    wanted = {
        "shoes": ("sandal", "loafer", "clog", "boot", "running shoe"),
        "shorts": ("swimming trunks", "jean", "pajama"),
        "t-shirt": ("jersey", "sweatshirt"),
    }
    extractor = Timm(
        model="mobilenetv2_100",
        weights=str(mobilenet),
        model_args={"pad_type": "same"},
        output="logits",
    )
    right = []
    for folder, words in wanted.items():
        files = Folder(path=str(shared_data / "clothing" / "test" / folder)).load()
        logits = vectors(files.take(files.ids[:10]), extractor)
        assert logits.shape[1] == 1000
        top = [names[index].lower() for index in logits.argmax(axis=1)]
        right += [any(word.lower() in name for word in words) for name in top]
    assert np.mean(right) > 0.5


@pytest.mark.parametrize(("workers", "batch_size"), [(1, 1), (2, 7), (3, 20)])
def test_workers_and_batches_change_no_vector(
    workers: int, batch_size: int, folders: dict[str, Path], mobilenet: Path, photos: Collection
) -> None:
    for make in (
        lambda: Transformers(model=str(folders["vit"])),
        lambda: Timm(model="mobilenetv2_100", weights=str(mobilenet)),
    ):
        reference = vectors(photos, make())
        found = vectors(photos, make(), workers=workers, batch_size=batch_size)
        assert np.abs(found - reference).max() < 1e-5


@pytest.mark.parametrize("wrap", ["plain", "module.", "state_dict", "pth"])
def test_checkpoints_come_in_many_wrappings(
    wrap: str, mobilenet: Path, photos: Collection, tmp_path: Path
) -> None:
    state = load_file(mobilenet)
    file = tmp_path / ("w.safetensors" if wrap in ("plain", "module.") else "w.pth")
    if wrap == "module.":
        state = {f"module.{name}": value for name, value in state.items()}
    if file.suffix == ".safetensors":
        save_file(state, file)
    else:
        torch.save({"state_dict": state, "epoch": 3} if wrap == "state_dict" else state, file)
    few = photos.take(photos.ids[:3])
    reference = vectors(few, Timm(model="mobilenetv2_100", weights=str(mobilenet)))
    found = vectors(few, Timm(model="mobilenetv2_100", weights=str(file)))
    assert np.array_equal(found, reference)


@pytest.mark.parametrize(
    ("output", "width"), [("pooled", 24), ("cls", 24), ("mean", 24), ("logits", 1000)]
)
def test_the_outputs_of_a_timm_model(output: str, width: int, photos: Collection) -> None:
    extractor = Timm(**TINY_VIT, weights="random", output=output)
    assert vectors(photos.take(photos.ids[:2]), extractor).shape == (2, width)


def test_the_mean_of_a_convolutional_network_is_its_pooled_output(
    mobilenet: Path, photos: Collection
) -> None:
    few = photos.take(photos.ids[:3])
    pooled, mean = (
        vectors(few, Timm(model="mobilenetv2_100", weights=str(mobilenet), output=output))
        for output in ("pooled", "mean")
    )
    assert np.abs(pooled - mean).max() < 1e-4


def test_random_weights_are_marked_and_seeded(photos: Collection) -> None:
    few = photos.take(photos.ids[:2])
    made = [
        extract(
            few, component(Timm(**TINY_VIT, weights="random", random_state=seed)), compute=EXACT
        )
        for seed in (1, 1, 2)
    ]
    assert made[0].features.marks == ("random weights",)
    assert np.array_equal(made[0].features.values, made[1].features.values)
    assert not np.array_equal(made[0].features.values, made[2].features.values)


def test_real_weights_are_not_marked(mobilenet: Path, photos: Collection) -> None:
    extractor = Timm(model="mobilenetv2_100", weights=str(mobilenet))
    found = extract(photos.take(photos.ids[:2]), component(extractor), compute=EXACT)
    assert found.features.marks == ()
    assert found.features.provenance["models"][0]["weights"] == "local"
    assert found.features.provenance["config"]["transform"]["crop"] == [224, 224]


def test_the_same_weights_in_another_place_are_the_same_model(
    mobilenet: Path, tmp_path: Path, folders: dict[str, Path]
) -> None:
    import shutil

    copy = tmp_path / "renamed.safetensors"
    copy.write_bytes(mobilenet.read_bytes())
    one, other = (
        Timm(model="mobilenetv2_100", weights=str(file)).fingerprint() for file in (mobilenet, copy)
    )
    assert one == other
    shutil.copytree(folders["vit"], tmp_path / "moved")
    assert (
        Transformers(model=str(folders["vit"])).fingerprint()
        == Transformers(model=str(tmp_path / "moved")).fingerprint()
    )


def message(make: Any, photos: Collection) -> str:
    with pytest.raises(ComponentError) as error:
        vectors(photos, make())
    return str(error.value)


def test_bad_arguments_and_weights_are_answered(
    folders: dict[str, Path], mobilenet: Path, photos: Collection
) -> None:
    few = photos.take(photos.ids[:2])
    vit = str(folders["vit"])
    answers: Sequence[tuple[Any, str]] = [
        (lambda: Timm(model="resnet500"), "Did you mean 'resnet50'?"),
        (lambda: Timm(model="resnet50.a1_in2k"), "Did you mean 'resnet50.a1_in1k'?"),
        (lambda: Timm(model="resnet50", output="class"), "Unknown extractor.output 'class'"),
        (
            lambda: Timm(model="mobilenetv2_100", weights=str(mobilenet), output="cls"),
            "no class token",
        ),
        (
            lambda: Timm(model="resnet18", weights=str(mobilenet)),
            "not those of the timm model 'resnet18",
        ),
        (lambda: Timm(model="vit_tiny_patch16_224", crop=4, weights="random"), "patch"),
        (lambda: Timm(model="resnet18", weights="random", model_args={"x": 1}), "model_args"),
        (lambda: Transformers(model=vit, weights=str(mobilenet)), "those of another model"),
        (
            lambda: Transformers(model=vit, weights=str(folders["dinov2"] / "model.safetensors")),
            "of its weights are missing, first",
        ),
        (lambda: Transformers(model=str(folders["siglip"])), "no class token"),
        (lambda: Transformers(model=vit, crop=4), "less than one of its patches of 8"),
    ]
    for make, says in answers:
        assert says in message(make, few)


def foreign(name: str, folder: Path, mobilenet: Path) -> tuple[str, Path]:
    """A model of timm, and a file of weights that are not its own."""
    file = folder / f"{name}.safetensors"
    if name == "other family":
        save_file(timm.create_model("vit_tiny_patch16_224", depth=1).state_dict(), file)
        return "resnet18", file
    if name == "smaller sibling":
        save_file(timm.create_model("resnet18").state_dict(), file)
        return "resnet34", file
    if name == "a block missing":
        state = {n: v for n, v in load_file(mobilenet).items() if not n.startswith("blocks.3")}
        save_file(state, file)
        return "mobilenetv2_100", file
    save_file({"foo": torch.zeros(3)}, file)
    return "resnet18", file


@pytest.mark.parametrize("name", ["other family", "smaller sibling", "a block missing", "junk"])
def test_weights_that_leave_anything_at_random_are_refused(
    name: str, mobilenet: Path, photos: Collection, tmp_path: Path
) -> None:
    model, file = foreign(name, tmp_path, mobilenet)
    said = message(lambda: Timm(model=model, weights=str(file)), photos.take(photos.ids[:2]))
    assert f"The weights in {file.name} are not those of the timm model '{model}" in said
    assert "missing ('" in said, "the first that are missing are named"


def test_a_head_of_ones_own_is_kept(photos: Collection, tmp_path: Path) -> None:
    trained = timm.create_model("resnet18", num_classes=7).eval()
    save_file(trained.state_dict(), tmp_path / "mine.safetensors")
    few = photos.take(photos.ids[:3])
    weights = str(tmp_path / "mine.safetensors")
    found = vectors(few, Timm(model="resnet18", weights=weights, output="logits"))
    config = timm.data.resolve_model_data_config(trained)
    assert np.abs(found - timm_loop(trained, config, few)).max() < 1e-4
    assert vectors(few, Timm(model="resnet18", weights=weights)).shape == (3, 512)


def test_weights_without_a_head_have_no_logits(photos: Collection, tmp_path: Path) -> None:
    headless = timm.create_model("resnet18", num_classes=0)
    save_file(headless.state_dict(), tmp_path / "mine.safetensors")
    few = photos.take(photos.ids[:2])
    weights = str(tmp_path / "mine.safetensors")
    assert vectors(few, Timm(model="resnet18", weights=weights)).shape == (2, 512)
    said = message(lambda: Timm(model="resnet18", weights=weights, output="logits"), few)
    assert "have no head" in said


def test_weights_are_held_once(mobilenet: Path) -> None:
    network = Timm(model="mobilenetv2_100", weights=str(mobilenet)).build().network
    assert "state_dict" not in network.pretrained_cfg


def test_a_deeper_model_s_weights_are_refused(photos: Collection, tmp_path: Path) -> None:
    folder = models.tiny_vit(tmp_path / "vit")
    config = hf.AutoConfig.from_pretrained(folder)
    config.num_hidden_layers = 4
    hf.ViTModel(config).save_pretrained(tmp_path / "deep")
    weights = str(tmp_path / "deep" / "model.safetensors")
    few = photos.take(photos.ids[:2])
    said = message(lambda: Transformers(model=str(folder), weights=weights), few)
    assert "are unknown to it, first" in said
    assert "layer.2" in said or "layers.2" in said


def test_a_masked_autoencoder_sees_the_whole_image(photos: Collection, tmp_path: Path) -> None:
    """It looks at a random quarter otherwise: another vector each time."""
    layers = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = hf.ViTMAEModel(hf.ViTMAEConfig(**layers, image_size=32, patch_size=8))
    model.save_pretrained(tmp_path)
    hf.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    few = photos.take(photos.ids[:2])
    one, other = (vectors(few, Transformers(model=str(tmp_path), output="mean")) for _ in range(2))
    assert np.abs(one - other).max() < 1e-5


def test_a_model_that_gives_no_vector_is_told(photos: Collection) -> None:
    few = photos.take(photos.ids[:2])
    said = message(lambda: Timm(model="coat_tiny", weights="random", output="mean"), few)
    assert "Try another extractor.output" in said


def test_a_size_is_set_in_one_place(photos: Collection) -> None:
    arguments = {"model": "vit_tiny_patch16_224", "weights": "random"}
    few = photos.take(photos.ids[:2])
    said = message(lambda: Timm(**arguments, model_args={"img_size": 64}), few)
    assert "Set extractor.crop instead" in said
    assert vectors(few, Timm(**arguments, crop=64)).shape == (2, 192)


def test_a_timm_model_without_weights_on_the_hub_can_be_random(photos: Collection) -> None:
    model = next(n for n in timm.list_models("mixer_s32*"))
    few = photos.take(photos.ids[:2])
    assert len(vectors(few, Timm(model=model, weights="random"))) == 2


def test_a_model_folder_cannot_bring_code(
    photos: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """transformers would ask "run the custom code?", and a person might say yes."""
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass\n")
    (tmp_path / "config.json").write_text(
        '{"model_type": "evil", "auto_map": {"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil"}}'
    )
    save_file({"a": torch.zeros(1)}, tmp_path / "model.safetensors")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    message(lambda: Transformers(model=str(tmp_path)), photos.take(photos.ids[:2]))
    assert not (tmp_path / "ran").exists()


def test_a_model_can_look_closer_than_it_was_made_for(
    folders: dict[str, Path], photos: Collection
) -> None:
    few = photos.take(photos.ids[:2])
    near = vectors(few, Transformers(model=str(folders["vit"]), crop=64))
    assert near.shape == (2, 32)
    assert not np.array_equal(near, vectors(few, Transformers(model=str(folders["vit"]))))


def test_the_smallest_images_have_vectors(folders: dict[str, Path], tmp_path: Path) -> None:
    for width, height in ((1, 1), (3, 1), (1, 300)):
        pixels = np.full((height, width, 3), 80, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{width}x{height}.png")
    found = vectors(Folder(path=str(tmp_path)).load(), Transformers(model=str(folders["vit"])))
    assert np.isfinite(found).all()
    assert len(found) == 3

"""Scores of translations: pairs and sets made by hand, where every score is known, both sides of every judgement."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from typer.testing import CliRunner

from ganvas.cli.main import app
from ganvas.data.spec import DataSpec
from ganvas.data.translation import Translations, open_translation
from ganvas.errors import GanvasError
from ganvas.evaluate import judge
from ganvas.evaluate.features_cache import Kept
from ganvas.evaluate.translation import COLUMNS, Asked, Cell, ScoreCard, Subject, examine_translation, segmenter
from ganvas.evaluate.translation.colours import maps_by_colour, named, palette_of
from ganvas.evaluate.translation.made import PART, in_parts
from ganvas.evaluate.translation.nearness import leads
from ganvas.evaluate.translation.scorecard import Lead
from ganvas.evaluate.translation.segmenter import segmentation_cells, segmentation_scores
from ganvas.evaluate.translation.shuffled import discriminator_of, shuffled_pairs
from ganvas.evaluate.translation.ways import ways_of
from ganvas.models.networks import Translator
from ganvas.nn.beside import Beside
from ganvas.nn.judgement import Judgement
from ganvas.recipes.overrides import overridden
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import RECIPES
from ganvas.report.translation_page import render_scores
from ganvas.snapshot import Snapshot
from ganvas.space import Source, Space
from ganvas.training.state import write_state

SIDE = 32
RANDOM = Asked(extractor="random-conv")
GREY = Space(channels=1, height=SIDE, width=SIDE, source=Source(channels=1, height=SIDE, width=SIDE))
SETS = GREY.but(source=Source(channels=1, height=SIDE, width=SIDE, paired=False))


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short training of judges; no LPIPS, whose weights a machine may lack."""
    monkeypatch.setattr(judge, "IMAGES_SHOWN", 640)
    monkeypatch.setattr(segmenter, "IMAGES_SHOWN", 900)
    missing = (None, "the weights are not here")
    monkeypatch.setattr("ganvas.evaluate.translation.examine.perceptual_or_why", lambda device: missing)


class Shift(Translator):
    """Adds so many grey levels. The number is a buffer, so that each shift has a fingerprint of its own."""

    def __init__(self, levels: float, channels: int = 1) -> None:
        super().__init__()
        self.register_buffer("levels", torch.tensor(float(levels)))
        self.channels = channels

    def forward(self, source: Tensor) -> Tensor:
        return (source[:, : self.channels] + self.levels / 127.5).clamp(-1, 1)


def folders(root: Path, a: np.ndarray, b: np.ndarray, held: int, names: tuple[str, str] = ("A", "B")) -> Path:
    """uint8 (N, H, W[, 3]) twice → train/ and val/ with both, the last ``held`` in val."""
    for name, pictures in zip(names, (a, b), strict=True):
        for i, picture in enumerate(pictures):
            part = "val" if i >= len(pictures) - held else "train"
            file = root / part / name / f"{i:03}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(file)
    return root


def noise(count: int, low: int, high: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, (count, SIDE, SIDE), dtype=np.uint8)


def opened(root: Path, **more: object) -> Translations:
    return open_translation(DataSpec(source=str(root), direction="AtoB", **more))


def recipe_of(name: str, space: Space, *changes: str) -> Recipe:
    narrow = ["generator.width=4", *([] if name == "pix2pix-l1" else ["discriminator.width=4"])]
    return overridden(RECIPES[name](space), [*narrow, "images=100", *changes])


def snapshot(space: Space, generator: nn.Module, inverse: nn.Module | None = None) -> Snapshot:
    networks = {"generator": generator} | ({"inverse": inverse} if inverse is not None else {})
    return Snapshot(networks, recipe_of("cyclegan" if inverse is not None else "pix2pix", space), 7)


def rows_of(card: ScoreCard, way: int = 0) -> dict[str, dict[str, Cell]]:
    return {row.name: row.cells for row in card.ways[way].rows}


def test_scores_of_pairs_that_are_known(tmp_path: Path):
    """Targets are their sources, 16 grey levels brighter: PSNR of the identity 20·log₁₀(255/16) = 24.05 dB on every
    picture; of a network that adds 12, 20·log₁₀(255/4) = 36.09 dB, so it is ahead by just 12.04 dB; of one that adds
    16, infinite, which JSON cannot hold."""
    dark = noise(40, 0, 200)
    data = opened(folders(tmp_path, dark, dark + 16, held=8))
    subjects = [Subject(f"adds {levels}", snapshot(GREY, Shift(levels))) for levels in (12, 16, 0)]
    card, _ = examine_translation(subjects, data, RANDOM)
    rows = rows_of(card)
    assert card.ways[0].pictures == 8 and card.ways[0].real == 32
    assert rows["identity"]["psnr_rgb_db"].value == pytest.approx(20 * math.log10(255 / 16), abs=1e-9)
    assert rows["adds 12"]["psnr_y_db"].value == pytest.approx(20 * math.log10(255 / 4), abs=1e-9)
    assert rows["adds 16"]["psnr_rgb_db"].value is None and "equal" in str(rows["adds 16"]["psnr_rgb_db"].why)
    assert rows["adds 16"]["ssim_rgb"].value == pytest.approx(1.0)
    assert rows["adds 0"]["psnr_rgb_db"] == rows["identity"]["psnr_rgb_db"]
    assert rows["adds 12"]["lpips"].value is None and rows["adds 12"]["lpips"].why == "the weights are not here"
    lead = next(lead for lead in card.ways[0].leads if lead.of == "identity" and lead.score == "psnr_rgb_db")
    assert lead.value == pytest.approx(20 * math.log10(4), abs=1e-9) and lead.verdict == "better"
    json.dumps(card.numbers(), allow_nan=False)


def test_the_mean_image_is_the_mean_of_the_training_targets(tmp_path: Path):
    """Targets are flat, half of them 100 and half of them 160: their mean is 130, 30 levels from each, which makes
    20·log₁₀(255/30) = 18.59 dB; what is held out (flat 150, 20 levels away) does not move it: 22.11 dB."""
    levels = [100, 160] * 10 + [150] * 4
    flat = np.stack([np.full((SIDE, SIDE), level, np.uint8) for level in levels])
    data = opened(folders(tmp_path, flat, flat, held=4))
    for part, distance in (("train", 30), ("held-out", 20)):
        asked = Asked(part=part, extractor="pixels")
        card, _ = examine_translation([Subject("s", snapshot(GREY, Shift(0)))], data, asked)
        found = rows_of(card)["mean image"]["psnr_rgb_db"].value
        assert found == pytest.approx(20 * math.log10(255 / distance), abs=1e-9)


@pytest.mark.parametrize(("better", "verdicts"), [("higher", ("better", "worse")), ("lower", ("worse", "better"))])
def test_a_lead_is_judged_by_its_interval_and_its_direction(better: str, verdicts: tuple[str, str]):
    def lead(low: float, high: float) -> str:
        return Lead(score="kid", of="x", value=(low + high) / 2, interval=(low, high), better=better).verdict

    assert (lead(0.1, 0.2), lead(-0.2, -0.1), lead(-0.1, 0.2)) == (*verdicts, "not told apart")


def test_differences_are_taken_picture_by_picture():
    """Pictures from 10 to 40 dB, each 1 dB better: the means' intervals overlap widely, the difference is 1 to the last
    digit."""
    worse = [
        {"psnr_rgb_db": float(level)} | dict.fromkeys(("psnr_y_db", "ssim_rgb", "ssim_y", "lpips"))
        for level in range(10, 40)
    ]
    found = leads([row | {"psnr_rgb_db": row["psnr_rgb_db"] + 1} for row in worse], {"other": worse}, seed=0)
    assert [(lead.score, lead.value, lead.interval) for lead in found] == [("psnr_rgb_db", 1.0, (1.0, 1.0))]


def test_kernel_distance_beside_real_pictures(tmp_path: Path):
    """Targets are noise around 180, sources noise around 60. Who shifts by 120 makes what cannot be told from real ones
    (as the real row: 0 within its interval); who does nothing is far off."""
    data = opened(folders(tmp_path, noise(80, 40, 80), noise(80, 160, 200, seed=1), held=30))
    subjects = [Subject("shifts", snapshot(GREY, Shift(120)))]
    card, _ = examine_translation(subjects, data, RANDOM)
    rows = rows_of(card)
    for name in ("shifts", "real held-out"):
        low, high = rows[name]["kid"].interval
        assert low < 0.0005 and high > -0.0005
    assert rows["identity"]["kid"].interval[0] > 10 * abs(rows["shifts"]["kid"].value)
    lead = next(lead for lead in card.ways[0].leads if lead.of == "identity" and lead.score == "kid")
    assert lead.verdict == "better"
    assert "frechet_distance" not in rows["shifts"], "30 pictures are under 2 · 256 dimensions"
    assert "random-conv" in card.protocol["kid"]


def test_frechet_distance_where_there_are_enough(tmp_path: Path):
    """Flat pictures of 2×2 px have 4 dimensions in pixels: 8 a side are enough."""
    two = noise(30, 0, 256)[:, :2, :2]
    data = opened(folders(tmp_path, two, two, held=10))
    small = Space(channels=1, height=2, width=2, source=Source(channels=1, height=2, width=2))
    recipe = recipe_of("pix2pix", GREY)
    subject = Subject("s", Snapshot({"generator": Shift(0)}, recipe.but(space=small), 0))
    card, _ = examine_translation([subject], data, Asked(extractor="pixels"))
    assert rows_of(card)["s"]["frechet_distance"].value > 0
    assert rows_of(card)["s"]["ssim_rgb"].value is None and "small" in str(rows_of(card)["s"]["ssim_rgb"].why)


@pytest.fixture(scope="module")
def two_sets(tmp_path_factory: pytest.TempPathFactory) -> Translations:
    """Dark pictures and bright ones, without pairs."""
    root = tmp_path_factory.mktemp("sets")
    return opened(folders(root, noise(60, 20, 100), noise(60, 140, 220, seed=1), held=20), paired=False)


def test_both_ways_of_two_sets(two_sets: Translations):
    """Adding 120 levels and taking them away again: called target both ways, and back to the last bit. Doing nothing is
    called target by nobody, and real pictures by everybody."""
    card, figures = examine_translation([Subject("s", snapshot(SETS, Shift(120), Shift(-120)))], two_sets, RANDOM)
    assert [(way.source, way.target) for way in card.ways] == [("A", "B"), ("B", "A")]
    for way in range(2):
        rows = rows_of(card, way)
        assert rows["s"]["called_target_share"].value > 0.9
        assert rows["identity"]["called_target_share"].value < 0.1
        assert rows["real held-out"]["called_target_share"].value > 0.9
        assert rows["s"]["cycle_psnr_rgb_db"].value is None and rows["s"]["cycle_ssim_rgb"].value == pytest.approx(1.0)
        assert not any(name.startswith("cycle") for name in rows["identity"])
        assert "psnr_rgb_db" not in rows["s"], "there is no truth"
    assert "held-out" in card.protocol["classifier"]
    assert figures[0].headings == ("A", "s", "s, and back")


def test_who_only_pretends_is_not_called_target(two_sets: Translations):
    """The other side: the network does nothing; the 10 levels that are lost on the way back show as
    20·log₁₀(255/10) = 28.13 dB."""
    card, _ = examine_translation([Subject("s", snapshot(SETS, Shift(0), Shift(-10)))], two_sets, RANDOM)
    assert rows_of(card, 0)["s"]["called_target_share"].value < 0.1
    assert rows_of(card, 0)["s"]["cycle_psnr_rgb_db"].value == pytest.approx(20 * math.log10(255 / 10), abs=1e-9)


def test_segmentation_scores_by_hand():
    """True class in rows, class seen in columns; the third class does not count. Pixels right 3 + 4 of 10; classes
    3/4 and 4/6; unions 4 + 5 − 3 = 6 and 6 + 5 − 4 = 7."""
    confusion = torch.tensor([[3, 1, 0], [2, 4, 0], [9, 9, 9]])
    found = segmentation_scores(confusion, (0, 1))
    assert found == pytest.approx(
        {"pixel_accuracy": 0.7, "class_accuracy": (3 / 4 + 4 / 6) / 2, "mean_iou": (3 / 6 + 4 / 7) / 2}
    )
    absent = torch.tensor([[5, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert set(segmentation_scores(absent, (0, 1, 2)).values()) == {1.0}, "classes that are nowhere do not count"
    assert segmentation_cells(torch.stack([confusion] * 4), (0, 1), seed=0)["mean_iou"].interval is not None


class Painted(Translator):
    """Paints every class of a map in its colour, or in that of the next one."""

    def __init__(self, turn: int) -> None:
        super().__init__()
        self.register_buffer("turn", torch.tensor(turn))

    def forward(self, source: Tensor) -> Tensor:
        colours = torch.tensor(COLOURS).float()[(torch.arange(3) + self.turn) % 3] / 127.5 - 1
        return torch.einsum("nchw,cd->ndhw", source, colours)


COLOURS = [[220, 40, 40], [40, 220, 40], [40, 40, 220]]


def test_a_segmenter_finds_what_was_asked_for(tmp_path: Path):
    """Photos paint three classes red, green and blue. In the right colours a translation reaches what real photos do;
    in each other's colours no pixel is right. What is unlabelled (grey in the photos) does not count."""
    random = np.random.default_rng(0)
    maps = random.integers(0, 4, (48, 4, 4), dtype=np.uint8).repeat(8, 1).repeat(8, 2)
    photos = np.array([*COLOURS, [128, 128, 128]], np.uint8)[maps]
    root = folders(tmp_path, maps, photos, held=8, names=("labels", "images"))
    (root / "classes.json").write_text(json.dumps(["red", "green", "blue", "Unlabelled"]))
    data = opened(root)
    names = ("red", "green", "blue", "Unlabelled")
    space = Space(channels=3, height=SIDE, width=SIDE, source=Source(channels=4, height=SIDE, width=SIDE, names=names))

    class Ignoring(Painted):
        def forward(self, source: Tensor) -> Tensor:
            return super().forward(source[:, :3])

    subjects = [Subject(words, snapshot(space, Ignoring(turn))) for words, turn in (("right", 0), ("turned", 1))]
    card, figures = examine_translation(subjects, data, RANDOM)
    rows = rows_of(card)
    assert rows["right"]["pixel_accuracy"].value > 0.9 and rows["real held-out"]["pixel_accuracy"].value > 0.9
    assert rows["right"]["mean_iou"].value > 0.8 > 0.2 > rows["turned"]["mean_iou"].value
    assert rows["mean image"]["pixel_accuracy"].value < 0.5
    assert "identity" not in rows, "a map is no picture"
    assert "3 of 4 classes" in card.protocol["segmenter"]
    assert figures[0].cases[0].pictures[0].shape == (3, SIDE, SIDE), "maps are shown in colours"


def test_colours_of_a_map_are_its_classes(tmp_path: Path):
    """Maps painted in three colours, each a little off as by compression: three classes are read from them, and a
    segmenter finds them in photos (the maps' negatives) and in translations that paint them so, not in the maps
    themselves. Noise has far more colours than a map."""
    random = np.random.default_rng(0)
    numbers = random.integers(0, 3, (40, 4, 4)).repeat(8, 1).repeat(8, 2)
    painted = np.array(COLOURS)[numbers] + random.integers(-4, 5, (*numbers.shape, 3))
    maps = painted.clip(0, 255).astype(np.uint8)
    data = opened(folders(tmp_path / "maps", maps, 255 - maps, held=8))
    way = ways_of(data, None, 1, False, "held-out", 100)[0]
    palette = palette_of(way.real_sources)
    assert sorted(palette.round().tolist()) == [pytest.approx(colour, abs=2) for colour in sorted(COLOURS)]
    found = maps_by_colour(way.sources, palette).network(np.arange(8))
    same = torch.tensor([[palette[n].argmax() for n in row] for row in found[:, 0, 0, ::8].tolist()])
    assert torch.equal(same, torch.from_numpy(numbers[32:, 0, ::8])) and len(named(palette)[0]) == 7

    class Negative(Translator):
        def forward(self, source: Tensor) -> Tensor:
            return -source

    space = Space(channels=3, height=SIDE, width=SIDE, source=Source(channels=3, height=SIDE, width=SIDE))
    asked = Asked(extractor="random-conv", colours=True)
    card, _ = examine_translation([Subject("s", snapshot(space, Negative()))], data, asked)
    rows = rows_of(card)
    assert rows["s"]["mean_iou"].value > 0.9 > 0.5 > rows["identity"]["mean_iou"].value
    rough = random.integers(0, 256, (20, SIDE, SIDE, 3), dtype=np.uint8)
    pictures = ways_of(opened(folders(tmp_path / "rough", rough, rough, held=2)), None, 1, False, "held-out", 9)[0]
    with pytest.raises(GanvasError, match="--colours"):
        palette_of(pictures.real_sources)


class Matching(nn.Module):
    """Judges pairs by how near the picture is to the source, or by the picture alone."""

    mixes_samples = False

    def __init__(self, looks: bool) -> None:
        super().__init__()
        self.looks = looks

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        source, picture = images.chunk(2, dim=1)
        difference = (source - picture) if self.looks else picture
        return Judgement(logits=-difference.abs().mean(dim=1))


def test_shuffled_pairs_tell_who_looks_at_the_source(tmp_path: Path):
    """Source and picture are equal, so a true pair scores exactly 0 where the source is looked at, and any other less;
    where it is not, nothing changes."""
    same = noise(30, 0, 256)
    way = ways_of(opened(folders(tmp_path, same, same, held=10)), None, 1, False, "held-out", 100)[0]
    recipe = recipe_of("pix2pix", GREY, "batch=4")
    looking, blind = (
        shuffled_pairs("d", Beside(Matching(looks)), recipe, way, 0, torch.device("cpu"), lambda *_: None)
        for looks in (True, False)
    )
    assert looking.true_pairs == 0 and looking.interval[0] > 0 and looking.share_ahead == 1
    assert blind.difference == 0 and blind.share_ahead == 0
    assert (looking.pictures, looking.batch, looking.mode) == (10, 4, "train")


def test_the_discriminator_comes_from_the_state_of_a_run(tmp_path: Path):
    recipe = recipe_of("pix2pix", GREY)
    with pytest.raises(GanvasError, match=r"has no state\.pt"):
        discriminator_of(tmp_path, recipe)
    saved = recipe.networks(["discriminator"])["discriminator"]
    write_state(tmp_path / "state.pt", {"network/discriminator": saved})
    found = discriminator_of(tmp_path, recipe)
    assert all(torch.equal(a, b) for a, b in zip(saved.parameters(), found.parameters(), strict=True))
    with pytest.raises(GanvasError, match="has no discriminator"):
        discriminator_of(tmp_path, recipe_of("pix2pix-l1", GREY))
    with pytest.raises(GanvasError, match="does not look at sources"):
        discriminator_of(tmp_path, recipe.but(conditional=False))


def test_what_was_made_before_an_interruption_is_not_made_again():
    """Three parts; the second is interrupted. The next time begins with it."""
    asked: list[int] = []

    def compute(stop: bool) -> Callable[[np.ndarray], Kept]:
        def few(rows: np.ndarray) -> Kept:
            if stop and rows[0] == PART:
                raise KeyboardInterrupt
            asked.append(int(rows[0]))
            return Kept({"rows": torch.from_numpy(rows)}, {})

        return few

    with pytest.raises(KeyboardInterrupt):
        in_parts({"test": "interrupted"}, 3 * PART - 5, compute(True), "", lambda *_: None)
    parts = in_parts({"test": "interrupted"}, 3 * PART - 5, compute(False), "", lambda *_: None)
    assert asked == [0, PART, 2 * PART]
    assert torch.cat([part.tensors["rows"] for part in parts]).tolist() == list(range(3 * PART - 5))


def test_super_resolution_stands_beside_enlargements(tmp_path: Path):
    """Pictures of several sizes: their largest common window, cut to multiples of the scale, is shrunk four times and
    stands beside bicubic and nearest; a network that repeats pixels scores just as nearest does."""
    for i in range(24):
        rough = np.random.default_rng(i).integers(0, 256, (50 + i % 3, 60), dtype=np.uint8)
        file = tmp_path / ("val" if i >= 20 else "train") / f"{i}.png"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(rough).save(file)
    data = open_translation(DataSpec(source=str(tmp_path), crop=48))

    class Repeats(Translator):
        scale = 4

        def forward(self, source: Tensor) -> Tensor:
            return source.repeat_interleave(4, 2).repeat_interleave(4, 3)

    recipe = overridden(RECIPES["srresnet"](data.space), ["generator.width=4"])
    card, _ = examine_translation([Subject("s", Snapshot({"generator": Repeats()}, recipe, 0))], data, RANDOM)
    rows = rows_of(card)
    assert list(rows) == ["s", "nearest", "bicubic", "real held-out"] and card.ways[0].size == "48x60"
    assert rows["s"]["psnr_y_db"] == rows["nearest"]["psnr_y_db"] != rows["bicubic"]["psnr_y_db"]
    assert "border of 4 px" in card.protocol["pairs"]
    foreign = Snapshot({"generator": Repeats()}, recipe.but(degradation=None), 0)
    again, _ = examine_translation([Subject("s", foreign)], data, RANDOM)
    assert rows_of(again)["s"]["psnr_y_db"] == rows["s"]["psnr_y_db"], "who does not say is given MATLAB's bicubic"


def test_data_of_another_kind_are_refused_in_one_line(tmp_path: Path, two_sets: Translations):
    colour = noise(8, 0, 256)[..., None].repeat(3, 3)
    coloured = opened(folders(tmp_path, colour, colour, held=2))
    subject = Subject("mine", snapshot(GREY, Shift(0)))
    with pytest.raises(GanvasError, match=r"mine makes pictures of 1 channel, .* has 3"):
        examine_translation([subject], coloured, RANDOM)
    maps = GREY.but(source=Source(channels=2, height=SIDE, width=SIDE, names=("sky", "road")))
    with pytest.raises(GanvasError, match=r"maps of 2 classes, .* has pictures of 1 channel"):
        examine_translation([Subject("maps", snapshot(maps, Shift(0)))], two_sets, RANDOM)
    large = GREY.but(height=64, width=64, source=Source(channels=1, height=64, width=64))
    with pytest.raises(GanvasError, match="large was trained at 64x64, mine at 32x32"):
        examine_translation([subject, Subject("large", snapshot(large, Shift(0)))], two_sets, RANDOM)


def test_held_out_pictures_or_a_line_that_says_how_to_go_on(tmp_path: Path):
    data = opened(folders(tmp_path, noise(9, 0, 256), noise(9, 0, 256), held=0))
    alone = Translations(**{**vars(data), "held_out": None})
    with pytest.raises(GanvasError, match="--on train"):
        ways_of(alone, None, 1, False, "held-out", 10)
    assert len(ways_of(alone, None, 1, False, "all", 10)[0].sources) <= 9


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    """A run directory of a narrow pix2pix that has not learnt anything, with its data."""
    dark = noise(30, 0, 200)
    data = folders(tmp_path / "pairs", dark, dark + 16, held=8)
    spec = DataSpec(source=str(data), direction="AtoB", size=SIDE)
    recipe = recipe_of("pix2pix", GREY).but(data=spec)
    torch.manual_seed(0)
    where = tmp_path / "run"
    where.mkdir()
    networks = recipe.networks(["generator", "discriminator"])
    Snapshot({"generator": networks["generator"]}, recipe, 7).save(where / "snapshot.safetensors")
    write_state(where / "state.pt", {"network/discriminator": networks["discriminator"]})
    (where / "recipe.json").write_text(recipe.model_dump_json())
    yield where


def test_evaluate_writes_table_numbers_and_page(run: Path, tmp_path: Path):
    """All at once on the command line; the run keeps its scores, and both pages stand for themselves."""
    out, page = tmp_path / "scores.json", tmp_path / "scores.html"
    arguments = ["evaluate", str(run), "--extractor", "random-conv", "--json", str(out), "--html", str(page)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "A → B: 8 translations of 32x32, 22 real targets" in done.output and "n/a: LPIPS" in done.output
    numbers = json.loads(out.read_text())
    rows = {row["name"]: row for row in numbers["ways"][0]["rows"]}
    assert list(rows) == ["run", "identity", "mean image", "real held-out"]
    assert {"psnr_rgb_db", "psnr_y_db", "ssim_rgb", "ssim_y", "lpips", "kid", "kid_interval"} <= rows["run"].keys()
    assert rows["run"]["lpips"] is None and rows["run"]["not_available"]["lpips"] == "the weights are not here"
    assert rows["identity"]["psnr_rgb_db"] == pytest.approx(20 * math.log10(255 / 16))
    assert numbers["discriminators"][0]["pictures"] == 8
    assert "http" not in page.read_text().replace("http-equiv", "") and "<script" not in page.read_text()
    kept = json.loads((run / "metrics.json").read_text())
    assert any(entry["key"] == "psnr_rgb_db" for entry in kept["measurements"])
    assert (run / "card.html").exists() and "PSNR" in (run / "card.html").read_text()
    assert "report" in (run / "report.html").read_text()


def test_compare_puts_snapshots_into_one_table(run: Path, tmp_path: Path):
    other = tmp_path / "other.safetensors"
    recipe = recipe_of("pix2pix-l1", GREY)
    Snapshot(recipe.networks(["generator"]), recipe, 9).save(other)
    done = CliRunner().invoke(app, ["compare", str(run), str(other), "--extractor", "pixels"])
    assert done.exit_code == 0, done.output
    assert "run" in done.output and "other" in done.output and "identity" in done.output
    for arguments, words in (
        (["evaluate", str(run), "--on", "test"], "--on test"),
        (["evaluate", str(run), "--direction", "BtoC"], "AtoB or BtoA"),
        (["evaluate", str(run), "--extractor", "pixels,random-conv"], "name one"),
        (["evaluate", str(run), "--duality-gap", "3"], "--duality-gap"),
        (["evaluate", str(other)], "name its data by --data"),
        (["evaluate", str(run), "--data", str(run.parent / "pairs" / "val" / "A")], "one folder of pictures"),
    ):
        refused = CliRunner().invoke(app, arguments)
        assert isinstance(refused.exception, GanvasError) and words in str(refused.exception)
        assert "\n" not in str(refused.exception)


def test_names_from_data_are_escaped(tmp_path: Path):
    """A file may be called anything."""
    dark = noise(20, 0, 200)
    root = folders(tmp_path, dark, dark, held=4)
    for name in ("A", "B"):
        (root / "val" / name / "019.png").rename(root / "val" / name / "<b>&.png")
    card, figures = examine_translation([Subject("<i>", snapshot(GREY, Shift(3)))], opened(root), RANDOM)
    page = render_scores(card, figures, "<u>")
    assert "&lt;b&gt;&amp;.png" in page and not any(tag in page for tag in ("<b>&", "<i>", "<u>"))


def test_every_column_has_its_words():
    assert all(column.better in ("higher", "lower") and column.title for column in COLUMNS.values())

"""Settings: one TOML file and the environment, frozen, every value with its origin.

Precedence: command line, then `REFDESK_SECTION_KEY` in the environment, then the TOML file,
then the default. An unknown name is refused with the nearest valid one. Settings end at
`rag.build`: no other module of `rag` or `index` takes a Settings object.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from index.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: where `models/` and `seeds/` lie, and the default data folder."""

FILE_NAME = "refdesk.toml"
_ENVIRONMENT = "REFDESK_"
_RESERVED = frozenset({"REFDESK_HOME", "REFDESK_CONFIG"})


def _setting(default: Any, help_: str, **limits: Any) -> Any:
    return field(default=default, metadata={"help": help_, **limits})


@dataclass(frozen=True, slots=True)
class IndexSection:
    chunk_tokens: int = _setting(100, "Tokens of a passage, at most.", least=20, most=240)
    max_file_mb: int = _setting(32, "Files larger than this are refused.", least=1, most=4096)
    parse_seconds: int = _setting(
        120, "Seconds that reading one file may take.", least=1, most=86_400
    )
    parse_memory_mb: int = _setting(
        2048,
        "Memory that reading one file may take, where it can be limited (Linux).",
        least=256,
        most=1_048_576,
    )
    store: str = _setting("faiss", "Vector store.", choices=("faiss", "exact"))


@dataclass(frozen=True, slots=True)
class RetrievalSection:
    candidates: int = _setting(
        100, "Passages taken from each search before fusion.", least=1, most=1000
    )
    words: str = _setting(
        "auto",
        "What searches by words: fts5 is exact, tantivy fast in large libraries; auto takes it "
        "there.",
        choices=("auto", "fts5", "tantivy"),
    )
    fusion: str = _setting(
        "convex",
        "How the searches are joined: by scores, or by the ranks of the passages alone.",
        choices=("convex", "rrf"),
    )
    words_weight: float = _setting(
        0.5, "The share of word search in the convex sum.", least=0.0, most=1.0
    )
    article_weight: float = _setting(
        0.5,
        "What the article that fits the question's words best adds to its passages' scores; 0: "
        "whole articles are not searched.",
        least=0.0,
        most=2.0,
    )
    named_weight: float = _setting(
        0.3,
        "What an article gains whose source, author or date the question names; 0: nothing.",
        least=0.0,
        most=2.0,
    )
    recent_weight: float = _setting(
        0.2,
        "What the newest article gains, three times as much where the question speaks of now; "
        "0: nothing.",
        least=0.0,
        most=2.0,
    )
    rrf_k: int = _setting(60, "The constant of reciprocal rank fusion.", least=1, most=1000)
    drop_repeats: bool = _setting(
        True, "Leave out passages that say in the same words what a better one says."
    )
    join_adjacent: bool = _setting(
        True, "Join passages that follow each other in their article to one."
    )
    merge_versions: bool = _setting(
        True, "Of several versions of one article, search only the newest."
    )
    reranker: str = _setting(
        "auto",
        "The model that puts the best passages into their last order; auto: one that is "
        "installed, if any; off: none.",
    )
    rerank: int = _setting(
        20, "Passages that the reranker judges; each takes time.", least=2, most=200
    )


@dataclass(frozen=True, slots=True)
class ModelsSection:
    folder: str = _setting("", "Where models are kept; empty: `models/` in the checkout.")
    local_folder: str = _setting("", "A folder to copy models from before any other source.")
    generator: str = _setting("qwen2.5-coder-1.5b-instruct", "The model that answers.")
    embedder: str = _setting("all-minilm-l6-v2", "The model that embeds passages.")


@dataclass(frozen=True, slots=True)
class EmbedderSection:
    backend: str = _setting(
        "auto",
        "What runs the embedder and the reranker: openvino is the faster one; auto takes it where "
        "it can.",
        choices=("auto", "openvino", "torch"),
    )


@dataclass(frozen=True, slots=True)
class ModelSection:
    context: int = _setting(4096, "Tokens of prompt and answer together.", least=512, most=131072)
    threads: int = _setting(0, "Threads of llama.cpp; 0: all cores.", least=0, most=512)
    draft: int = _setting(4, "Tokens drafted from the passages; 0: off.", least=0, most=32)
    gpu_layers: int = _setting(
        -1, "Layers put on the GPU, if the build has one; -1: all.", least=-1, most=1000
    )


@dataclass(frozen=True, slots=True)
class AnswerSection:
    passages: int = _setting(5, "Passages put before the model, at most.", least=1, most=50)
    passage_tokens: int = _setting(
        210, "Tokens of all passages and their headings together, at most.", least=100, most=100_000
    )
    max_tokens: int = _setting(160, "Tokens of an answer, at most.", least=16, most=4096)
    question_characters: int = _setting(
        2000, "Longer questions are refused.", least=100, most=10_000
    )
    follow_ups: bool = _setting(
        True, "Understand a question with the earlier ones of its conversation."
    )
    min_similarity: float = _setting(
        0.15,
        "Below this similarity of the best passage, and with no word in common, the question is "
        "refused before the model is asked.",
        least=-1.0,
        most=1.0,
    )
    min_answerable: float = _setting(
        0.5,
        "Below this probability, by the model's own judgement, that the passages state the "
        "answer, the question is refused.",
        least=0.0,
        most=1.0,
    )
    min_support: float = _setting(
        0.5, "A claim with less support than this is marked as unsupported.", least=0.0, most=1.0
    )


@dataclass(frozen=True, slots=True)
class ServeSection:
    host: str = _setting("127.0.0.1", "Address of the page.")
    port: int = _setting(7860, "Port of the page.", least=1, most=65535)
    open_browser: bool = _setting(True, "Open the page when it is ready.")


@dataclass(frozen=True, slots=True)
class ReceiptsSection:
    keep: bool = _setting(True, "Keep a receipt of each answer, with question and passages.")
    most: int = _setting(
        1000, "Receipts that are kept; the oldest go first.", least=1, most=1_000_000
    )


@dataclass(frozen=True, slots=True)
class CostSection:
    watts_per_core: float = _setting(
        8.0,
        "Watts of a busy core, where the processor's own counter may not be read.",
        least=0.0,
        most=1000.0,
    )
    tariff: float = _setting(
        0.0, "The price of a kilowatt-hour; 0: no money is told.", least=0.0, most=1000.0
    )
    currency: str = _setting("EUR", "What prices are in.")
    service: str = _setting("", "A hosted service to compare with, by name; empty: none.")
    service_input: float = _setting(
        0.0, "What that service asks for a million tokens read.", least=0.0, most=1e6
    )
    service_output: float = _setting(
        0.0, "What that service asks for a million tokens written.", least=0.0, most=1e6
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings in force. `origins` maps "section.key" to where its value came from."""

    home: Path
    index: IndexSection = IndexSection()
    retrieval: RetrievalSection = RetrievalSection()
    models: ModelsSection = ModelsSection()
    embedder: EmbedderSection = EmbedderSection()
    model: ModelSection = ModelSection()
    answer: AnswerSection = AnswerSection()
    serve: ServeSection = ServeSection()
    receipts: ReceiptsSection = ReceiptsSection()
    cost: CostSection = CostSection()
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)


_SECTIONS: dict[str, type[Any]] = {
    "index": IndexSection,
    "retrieval": RetrievalSection,
    "models": ModelsSection,
    "embedder": EmbedderSection,
    "model": ModelSection,
    "answer": AnswerSection,
    "serve": ServeSection,
    "receipts": ReceiptsSection,
    "cost": CostSection,
}


@dataclass(frozen=True, slots=True)
class Described:
    """One setting, for `refdesk config` and the documentation."""

    name: str
    value: Any
    default: Any
    origin: str
    help: str
    variable: str


def load(
    *,
    home: Path | None = None,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Reads the settings in force.

    home       the data folder; None: REFDESK_HOME, else `.refdesk` in the checkout
    config     the TOML file; None: REFDESK_CONFIG, else `refdesk.toml` in the data folder
    overrides  "section.key" → value, from the command line

    Raises SettingsError: unknown name, wrong type, out of range, unreadable file.
    """
    env = os.environ if environment is None else environment
    home_from = "--home" if home else "REFDESK_HOME" if env.get("REFDESK_HOME") else "default"
    base = (home or Path(env.get("REFDESK_HOME") or ROOT / ".refdesk")).expanduser().absolute()
    values: dict[str, Any] = {}
    origins: dict[str, str] = {"home": home_from}
    named = config or (Path(env["REFDESK_CONFIG"]) if env.get("REFDESK_CONFIG") else None)
    file = named or base / FILE_NAME
    if named or file.exists():
        for name, value in _from_file(file).items():
            values[name], origins[name] = value, str(file)
    for name, value in _from_environment(env).items():
        values[name], origins[name] = value, _variable(name)
    for name, value in (overrides or {}).items():
        if value is not None:
            values[_known(name, "the command line")] = value
            origins[name] = "command line"
    checked = {name: _checked(name, value, origins[name]) for name, value in values.items()}
    sections = {
        section: kind(
            **{
                each.name: checked[f"{section}.{each.name}"]
                for each in fields(kind)
                if f"{section}.{each.name}" in checked
            }
        )
        for section, kind in _SECTIONS.items()
    }
    return Settings(home=base, origins=origins, **sections)


def describe(settings: Settings) -> list[Described]:
    """Every setting with its value and origin, in the order of the file."""
    rows = [
        Described(
            "home",
            str(settings.home),
            ".refdesk in the checkout",
            settings.origins.get("home", "default"),
            "The data folder: library, settings, locks. On the command line: --home.",
            "REFDESK_HOME",
        )
    ]
    for name, each in _all().items():
        section, key = name.split(".")
        value = getattr(getattr(settings, section), key)
        origin = settings.origins.get(name, "default")
        rows.append(
            Described(name, value, each.default, origin, each.metadata["help"], _variable(name))
        )
    return rows


def _all() -> dict[str, Any]:
    return {
        f"{section}.{each.name}": each
        for section, kind in _SECTIONS.items()
        for each in fields(kind)
    }


def _variable(name: str) -> str:
    return _ENVIRONMENT + name.replace(".", "_").upper()


def _known(name: str, place: str) -> str:
    names = list(_all())
    if name in names:
        return name
    # The right key in the wrong section, or in none, beats a similar name.
    keys = {each.split(".")[1]: each for each in names}
    key = name.rsplit(".", maxsplit=1)[-1]
    near = [keys[key]] if key in keys else difflib.get_close_matches(name, names, 1, 0.6)
    near = near or [keys[each] for each in difflib.get_close_matches(key, keys, 1)]
    hint = f" Did you mean {near[0]}?" if near else " `refdesk config` lists them all."
    raise SettingsError(f"Unknown setting {name} in {place}.{hint}")


def _from_file(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsError(
            f"The settings file {path} cannot be read ({exc.strerror}). Check its name and rights."
        ) from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsError(f"The settings file {path} is not valid TOML: {exc}.") from exc
    values: dict[str, Any] = {}
    for section, content in table.items():
        if not isinstance(content, dict):
            _known(section, str(path))
            continue
        if section not in _SECTIONS:
            near = difflib.get_close_matches(section, _SECTIONS, 1)
            hint = f" Did you mean [{near[0]}]?" if near else ""
            raise SettingsError(f"Unknown section [{section}] in {path}.{hint}")
        for key, value in content.items():
            values[_known(f"{section}.{key}", str(path))] = value
    return values


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    variables = {_variable(name): name for name in _all()}
    values: dict[str, Any] = {}
    for variable, text in env.items():
        if not variable.startswith(_ENVIRONMENT) or variable in _RESERVED:
            continue
        if variable not in variables:
            near = difflib.get_close_matches(variable, [*variables, *sorted(_RESERVED)], 1)
            hint = f" Did you mean {near[0]}?" if near else " `refdesk config` lists them all."
            raise SettingsError(f"Unknown setting {variable} in the environment.{hint}")
        values[variables[variable]] = _parsed(variables[variable], text)
    return values


def _parsed(name: str, text: str) -> Any:
    """The environment holds text only: read it as the default's type."""
    default = _all()[name].default
    if isinstance(default, bool):
        known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
        return known.get(text.strip().lower(), text)
    if isinstance(default, str):
        return text
    try:
        return type(default)(text)
    except ValueError:
        return text


def _checked(name: str, value: Any, origin: str) -> Any:
    each = _all()[name]
    wanted = type(each.default)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not wanted:
        kind = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
        raise SettingsError(f"{name} = {value!r} ({origin}) must be {kind[wanted]}.")
    limits = each.metadata
    if "choices" in limits and value not in limits["choices"]:
        raise SettingsError(
            f"{name} = {value!r} ({origin}) must be one of {', '.join(limits['choices'])}."
        )
    if "least" in limits and not limits["least"] <= value <= limits["most"]:
        raise SettingsError(
            f"{name} = {value!r} ({origin}) must be from {limits['least']} to {limits['most']}."
        )
    return value


def starters(folder: Path = ROOT / "seeds") -> list[Path]:
    """The starter articles of the checkout, in order; none where there is no checkout."""
    return sorted(folder.glob("*.md"))

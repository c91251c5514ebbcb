"""Settings: one TOML file and the environment, frozen, every value with its origin.

What settings there are stands in `rag.sections`.

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
from rag.sections import (
    SECTIONS,
    AnswerSection,
    CostSection,
    EmbedderSection,
    IndexSection,
    ModelSection,
    ModelsSection,
    ReceiptsSection,
    RetrievalSection,
    ServeSection,
)

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: where `models/` and `seeds/` lie, and the default data folder."""

FILE_NAME = "refdesk.toml"
_ENVIRONMENT = "REFDESK_"
_RESERVED = frozenset({"REFDESK_HOME", "REFDESK_CONFIG"})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings in force. `origins` maps "section.key" to where its value came from."""

    home: Path
    index: IndexSection = field(default_factory=IndexSection)
    retrieval: RetrievalSection = field(default_factory=RetrievalSection)
    models: ModelsSection = field(default_factory=ModelsSection)
    embedder: EmbedderSection = field(default_factory=EmbedderSection)
    model: ModelSection = field(default_factory=ModelSection)
    answer: AnswerSection = field(default_factory=AnswerSection)
    serve: ServeSection = field(default_factory=ServeSection)
    receipts: ReceiptsSection = field(default_factory=ReceiptsSection)
    cost: CostSection = field(default_factory=CostSection)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)


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
    if named or os.path.exists(file):  # a folder without rights is told of with the library
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
        for section, kind in SECTIONS.items()
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
        for section, kind in SECTIONS.items()
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
        if section not in SECTIONS:
            near = difflib.get_close_matches(section, SECTIONS, 1)
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

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import SettingsError
from rag import config


def load(tmp_path: Path, toml: str = "", **environment: str) -> config.Settings:
    tmp_path.mkdir(exist_ok=True)
    if toml:
        (tmp_path / config.FILE_NAME).write_text(toml)
    return config.load(home=tmp_path, environment=environment)


def test_precedence_and_origins(tmp_path: Path) -> None:
    (tmp_path / config.FILE_NAME).write_text(
        "[serve]\nport = 1111\nhost = '0.0.0.0'\n[answer]\npassages = 3\n"
    )
    settings = config.load(
        home=tmp_path,
        environment={"REFDESK_SERVE_PORT": "2222", "REFDESK_ANSWER_MIN_SUPPORT": "0.25"},
        overrides={"serve.host": "127.0.0.9", "serve.port": None},
    )
    assert (settings.serve.host, settings.serve.port) == ("127.0.0.9", 2222)
    assert (settings.answer.passages, settings.answer.min_support) == (3, 0.25)
    origins = {row.name: row.origin for row in config.describe(settings)}
    assert origins["serve.host"] == "command line"
    assert origins["serve.port"] == "REFDESK_SERVE_PORT"
    assert origins["answer.passages"].endswith(config.FILE_NAME)
    assert origins["answer.max_tokens"] == "default"
    assert origins["home"] == "--home"


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[serve]\nprot = 1\n", "Did you mean serve.port"),
        ("[sevre]\nport = 1\n", r"Did you mean \[serve\]"),
        ("port = 1\n", "Did you mean serve.port"),
        ("[index]\nport = 1\n", "Did you mean serve.port"),
        ("[serve]\nport = 'x'\n", "must be a whole number"),
        ("[serve]\nport = true\n", "must be a whole number"),
        ("[serve]\nport = 70000\n", "from 1 to 65535"),
        ("[index]\nstore = 'sql'\n", "one of auto, faiss, exact, compressed"),
        ("[serve\n", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, toml: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load(tmp_path, toml)


def test_the_environment_is_checked_too(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Did you mean REFDESK_SERVE_PORT"):
        load(tmp_path, REFDESK_SERVE_PROT="1")
    with pytest.raises(SettingsError, match="whole number"):
        load(tmp_path, REFDESK_SERVE_PORT="many")
    assert load(tmp_path, REFDESK_SERVE_OPEN_BROWSER="no").serve.open_browser is False
    assert load(tmp_path, OTHER="1").serve.port == 7860


def test_a_settings_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        config.load(home=tmp_path, config=tmp_path / "none.toml", environment={})


def test_home_comes_from_the_environment(tmp_path: Path) -> None:
    settings = config.load(environment={"REFDESK_HOME": str(tmp_path)})
    assert settings.home == tmp_path
    assert config.load(environment={}).home == config.ROOT / ".refdesk"

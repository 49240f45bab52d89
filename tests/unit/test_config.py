"""Configuration: where it comes from, what wins, and that every mistake is told at once with its place."""

import json
import os
import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from qfluxd.config import Loaded, Settings, diff, find_file, load
from qfluxd.config.changes import LIVE
from qfluxd.config.plans import PlanSettings
from qfluxd.config.settings import tables
from qfluxd.config.show import effective, flat, schema
from qfluxd.config.starter import starter, write_starter
from qfluxd.errors import ConfigError, Mistake
from qfluxd.settings import Limits
from tests.support.fixtures import ROOT

type Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without settings, in an empty folder."""
    for name in [name for name in os.environ if name.startswith("QFLUXD_")]:
        monkeypatch.delenv(name)
    for name in ("CONFIGURATION_DIRECTORY", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration file and gives its path."""

    def write(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text)
        return path

    return write


def mistakes(file: Path | None = None, overrides: dict[str, object] | None = None) -> dict[str, Mistake]:
    """Every mistake by its key."""
    with pytest.raises(ConfigError) as caught:
        load(file, overrides)
    return {mistake.where: mistake for mistake in caught.value.mistakes}


# ------------------------------------------------------------------------------------------ what is right


def test_defaults() -> None:
    """Without any source every option is at its default, and that is said."""
    loaded = load()
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.file is None
    assert "no config.toml was found" in loaded.notices[0]


def test_shipped_file_is_the_defaults() -> None:
    """config.toml at the root says exactly what holds without it."""
    shipped = load(ROOT / "config.toml")
    assert flat(shipped) == flat(load())
    assert shipped.notices == ()


def test_shipped_file_is_complete() -> None:
    """config.toml at the root names every option there is, those without a fixed default as comments."""
    lines = (ROOT / "config.toml").read_text().splitlines()
    uncommented = [line.removeprefix("# ") if _is_option(line) else line for line in lines]
    given = tomllib.loads("\n".join(uncommented))
    (example,) = given.pop("strategy")
    assert PlanSettings.model_validate(example).name == "ema_cross_eurusd"
    named = {f"{table}.{key}" for table, keys in given.items() for key in keys if not isinstance(keys[key], dict)}
    assert set(given["risk"]["asset"]) == set(Limits.model_fields)
    named.add("risk.asset")
    assert named == {f"{table}.{key}" for table, model in tables().items() for key in model.model_fields}
    drivers = {name: set(table) for name, table in given["driver"].items() if isinstance(table, dict)}
    assert set(drivers) == {"pocketoption", "paper", "replay"}
    for name, keys in drivers.items():
        assert keys == set(_driver_config(name).model_fields)


def _is_option(line: str) -> bool:
    return line.startswith("# [") or (line.startswith("# ") and " = " in line)


def _driver_config(name: str) -> type[BaseModel]:
    from qfluxd.plugins import load_driver

    return load_driver(name).Config


def test_every_option_has_a_sentence() -> None:
    """In config.toml each option stands below a comment that tells what it does."""
    lines = (ROOT / "config.toml").read_text().splitlines()
    for above, line in pairwise(lines):
        if " = " in line:
            assert above.startswith("# "), line
            assert len(above) > 10, line


def test_shipped_file_is_the_starter() -> None:
    """`config init` writes what is at the root, so neither can fall behind."""
    assert (ROOT / "config.toml").read_text() == starter()


def test_starter_never_overwrites(tmp_path: Path) -> None:
    """A file that exists stays as it is."""
    path = tmp_path / "new" / "config.toml"
    write_starter(path)
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        write_starter(path)
    assert path.read_text() == "mine"


def test_precedence(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Command line over environment over credentials over file over default, key by key."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    file = write('[mqtt]\nhost = "file"\nport = 1\nusername = "file"\nkeepalive = 20\n')
    for name in ("mqtt__port", "mqtt__username", "mqtt__host"):
        (credentials / name).write_text("2\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    monkeypatch.setenv("QFLUXD_MQTT__USERNAME", "3")
    monkeypatch.setenv("QFLUXD_MQTT__HOST", "3")
    loaded = load(file, {"mqtt.host": "4"})
    mqtt = loaded.settings.mqtt
    assert (mqtt.keepalive, mqtt.port, mqtt.username, mqtt.host) == (20, 2, "3", "4")
    assert {key: loaded.origins[f"mqtt.{key}"] for key in ("keepalive", "port", "username", "host", "tls")} == {
        "keepalive": f"{file}:5",
        "port": "credential mqtt__port",
        "username": "environment variable QFLUXD_MQTT__USERNAME",
        "host": "command line",
        "tls": "default",
    }


def test_text_becomes_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes as text is read as the option's kind; lists are JSON or parts between commas."""
    monkeypatch.setenv("QFLUXD_MARKET__TIMEFRAMES", "1m, 60m")
    monkeypatch.setenv("QFLUXD_MARKET__ASSETS", '["EURUSD_otc"]')
    monkeypatch.setenv("QFLUXD_STORE__CSV", "true")
    monkeypatch.setenv("qfluxd_market__grace", "1.5")
    monkeypatch.setenv("QFLUXD_DRIVER__POCKETOPTION__ACCOUNT", "real")
    loaded = load()
    market = loaded.settings.market
    assert (market.timeframes, market.assets, market.grace) == (("1m", "1h"), ("EURUSD_otc",), 1.5)
    assert loaded.settings.store.csv is True
    assert getattr(loaded.driver_config, "account", None) == "real"


def test_chrome_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """QFLUXD_CHROME names a browser; it is not taken for the table [chrome]."""
    monkeypatch.setenv("QFLUXD_CHROME", "/usr/bin/chromium")
    assert load().settings == Settings()


def test_which_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """$CONFIGURATION_DIRECTORY, then this folder, then ~/.config/qfluxd; the first that has one."""
    system, home = tmp_path / "etc", tmp_path / "home/.config/qfluxd"
    for folder in (system, home):
        folder.mkdir(parents=True)
        (folder / "config.toml").touch()
    assert find_file() == home / "config.toml"
    Path("config.toml").touch()
    assert find_file() == Path("config.toml")
    monkeypatch.setenv("CONFIGURATION_DIRECTORY", f"{system}:/elsewhere")
    assert find_file() == system / "config.toml"


def test_tables_of_later_versions(write: Write) -> None:
    """Tables that have a name and no effect yet are accepted, with a notice that says so and where."""
    file = write('[web]\nlisten = "x"\n[homeassistant]\nenabled = true\n')
    notices = load(file).notices
    assert f"{file}:1: [web] has no effect in this version" in notices
    assert len(notices) == 2


def test_own_file_of_a_driver(write: Write, tmp_path: Path) -> None:
    """A driver's table is read by the driver's own model."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home/x.jsonl").touch()
    loaded = load(write('[driver]\nname = "replay"\n[driver.replay]\nfile = "~/x.jsonl"\nspeed = "max"\n'))
    assert getattr(loaded.driver_config, "file", None) == tmp_path / "home/x.jsonl"
    assert loaded.driver.Config is type(loaded.driver_config)
    assert loaded.origins["driver.replay.speed"].endswith("config.toml:5")


def test_readable_password(write: Write) -> None:
    """A password in a file that others can read is worth a notice; one only for us is not."""
    file = write('[mqtt]\npassword = "hunter2"\n')
    file.chmod(0o644)
    assert "others can read it" in load(file).notices[0]
    file.chmod(0o600)
    assert load(file).notices == ()


# ------------------------------------------------------------------------------------------ what is wrong

BAD = """\
[daemon]
namee = "x"

[driver]
accnt = "demo"
[driver.pocketoption]
account = "dmeo"
[driver.pocket]
x = 1

[market]
timeframes = [
  "5s",
  "1 min",
]
grace = "half"
keep_candles = true

[mqtt]
port = "1883"
password = 12345
host = 5
keepalive = 1

[mqttt]
x = 1

[log]
level = "warn"
port = 1
"""


def test_all_at_once(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mistake in every source is told together, each with its line and what would be right."""
    monkeypatch.setenv("QFLUXD_MQTT__PASSWRD", "hunter2")
    monkeypatch.setenv("QFLUXD_STORE__KEEP_DAYS", "many")
    file = write(BAD)
    found = mistakes(file, {"log.levell": "x"})
    assert {key: (mistake.line, mistake.what) for key, mistake in found.items()} == {
        "log.levell": (None, "unknown key; did you mean log.level?"),
        "mqtt.passwrd": (None, "unknown key; did you mean QFLUXD_MQTT__PASSWORD?"),
        "store.keep_days": (None, "must be a whole number"),
        "daemon.namee": (2, "unknown key; did you mean daemon.name?"),
        "driver.accnt": (5, "unknown key; did you mean driver.pocketoption.account?"),
        "driver.pocketoption.account": (7, "must be 'demo' or 'real'; did you mean 'demo'?"),
        "driver.pocket": (8, "unknown key; did you mean driver.pocketoption?"),
        "market.timeframes[1]": (14, "'1 min' is not a timeframe; write a whole number and s, m, h or d, such as 1m"),
        "market.grace": (16, "must be a number"),
        "market.keep_candles": (17, "must be a number, not true or false"),
        "mqtt.port": (20, "must be a whole number, not text"),
        "mqtt.password": (21, "must be text, not a whole number"),
        "mqtt.host": (22, "must be text, not a whole number"),
        "mqtt.keepalive": (23, "must be greater than or equal to 5"),
        "mqttt": (25, "unknown key; did you mean mqtt?"),
        "log.level": (29, "must be 'debug', 'info', 'warning' or 'error'; did you mean 'warning'?"),
        "log.port": (30, "unknown key; did you mean mqtt.port?"),
    }
    assert found["mqtt.port"].source == str(file)
    assert found["mqtt.passwrd"].source == "environment variable QFLUXD_MQTT__PASSWRD"


def test_no_secret_in_a_mistake(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was given for a secret never stands in the mistake about it."""
    monkeypatch.setenv("QFLUXD_MQTT__PASSWRD", "hunter2")
    told = " ".join(map(str, mistakes(write("[mqtt]\npassword = 246813579\ntls = 1\n")).values()))
    assert "246813579" not in told
    assert "hunter2" not in told


def test_single_underscore(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual slip in a variable's name is recognised."""
    monkeypatch.setenv("QFLUXD_MQTT_PASSWORD", "x")
    assert mistakes()["mqtt_password"].what == "unknown key; did you mean QFLUXD_MQTT__PASSWORD?"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("[mqtt]\nport = \n", 2, "not TOML: Invalid value"),
        ("[mqtt]\nport = 1\nport = 2\n", 3, "not TOML: Cannot overwrite a value"),
        ('[mqtt]\nhost = """x\n', 3, "not TOML: Unterminated string at the end"),
        ("[mqtt\n", 1, "not TOML: Expected ']' at the end of a table declaration"),
    ],
)
def test_syntax(write: Write, text: str, line: int, what: str) -> None:
    """A file that is not TOML is told with the line."""
    mistake = mistakes(write(text))[""]
    assert (mistake.line, mistake.what) == (line, what)


def test_not_text(tmp_path: Path) -> None:
    """A file that is not UTF-8 is told with the line."""
    file = tmp_path / "config.toml"
    file.write_bytes(b'[mqtt]\nhost = "\xff"\n')
    mistake = mistakes(file)[""]
    assert (mistake.line, mistake.what) == (2, "is not UTF-8 text")


def test_syntax_hides_nothing_elsewhere(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mistakes of other sources are told beside a file that is not TOML."""
    monkeypatch.setenv("QFLUXD_MQTT__PORT", "x")
    assert set(mistakes(write("["))) == {"", "mqtt.port"}


def test_missing_file(tmp_path: Path) -> None:
    """A file that is named and not there is a mistake; a folder in its place is one too."""
    assert "there is no such file" in mistakes(tmp_path / "no.toml")[""].what
    assert "cannot be read" in mistakes(tmp_path)[""].what


def test_missing_named_files(write: Write) -> None:
    """Files that options name have to be there."""
    found = mistakes(write('[mqtt]\nca = "/no/ca.pem"\n[chrome]\nexecutable = "/no/chrome"\n'))
    assert (found["mqtt.ca"].line, found["mqtt.ca"].what) == (2, "there is no file /no/ca.pem")
    assert (found["chrome.executable"].line, found["chrome.executable"].what) == (4, "there is no program /no/chrome")


def test_missing_file_of_a_driver(write: Write, tmp_path: Path) -> None:
    """The file that a driver is to play has to be there; a folder is none."""
    text = f'[driver]\nname = "replay"\n[driver.replay]\nfile = "{tmp_path}/{{name}}"\n'
    for name in ("no.jsonl", "home"):
        (tmp_path / "home").mkdir(exist_ok=True)
        mistake = mistakes(write(text.format(name=name)))["driver.replay.file"]
        assert (mistake.line, mistake.what) == (4, f"there is no file {tmp_path / name}")


def test_authority_without_a_certificate(write: Write, tmp_path: Path) -> None:
    """A file that is no certificate is told when it is read, not when the broker is called."""
    (tmp_path / "ca.pem").write_text("hello")
    mistake = mistakes(write(f'[mqtt]\nca = "{tmp_path}/ca.pem"\n'))["mqtt.ca"]
    assert (mistake.line, mistake.what) == (2, f"{tmp_path}/ca.pem holds no certificate (in PEM form)")


def test_home_of_nobody(write: Write) -> None:
    """A path below the home of a user who does not exist is a mistake, and no crash."""
    mistake = mistakes(write('[daemon]\nstate_dir = "~nobody-of-that-name/x"\n'))["daemon.state_dir"]
    assert mistake.what == "nobody's home folder is known as ~nobody-of-that-name; write the whole path"


def test_empty_host(write: Write) -> None:
    """A broker has a name."""
    assert mistakes(write('[mqtt]\nhost = ""\n'))["mqtt.host"].what == "must have at least 1 character"


def test_port_of_nobody(write: Write) -> None:
    """Port 0 lets a Chrome started here choose; one to attach to has to be named."""
    text = '[chrome]\nendpoint = "http://127.0.0.1:0"\n'
    mistake = mistakes(write(text))["chrome.endpoint"]
    assert mistake.line == 2
    assert mistake.what.startswith("port 0 is only for a Chrome started here")
    assert load(write(text + "launch = true\n")).settings.chrome.launch


def test_program_on_the_path(write: Write) -> None:
    """A browser may be named as a shell would find it."""
    assert str(load(write('[chrome]\nexecutable = "sh"\n')).settings.chrome.executable) == "sh"


def test_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential that cannot be read, is no text, or has an unknown name is a mistake; foreign ones are not."""
    (tmp_path / "mqtt__password").mkdir()
    (tmp_path / "mqtt__username").write_bytes(b"\xff")
    (tmp_path / "mqtt__host").write_bytes(b"x" * 70_000)
    (tmp_path / "mqtt__passwrd").write_text("hunter2")
    (tmp_path / "somebody-elses").write_text("x")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(ConfigError) as caught:
        load()
    assert sorted((mistake.source, mistake.what) for mistake in caught.value.mistakes) == [
        ("credential mqtt__host", "is larger than 64 KiB"),
        ("credential mqtt__password", "cannot be read: Is a directory"),
        ("credential mqtt__passwrd", "unknown key; did you mean mqtt__password?"),
        ("credential mqtt__username", "is not UTF-8 text"),
    ]


def test_no_credentials_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of credentials that is said to be there and is not is a mistake."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "none"))
    assert "cannot be read" in mistakes()[""].what


def test_unknown_driver(write: Write) -> None:
    """A driver that is not installed is a mistake where it is named, with the nearest that is."""
    mistake = mistakes(write('[driver]\nname = "pocketopton"\n'))["driver.name"]
    assert (mistake.line, mistake.what) == (
        2,
        "no driver called 'pocketopton' is installed; did you mean 'pocketoption'?",
    )


def test_required(write: Write) -> None:
    """What a driver cannot do without is missed where the driver is chosen."""
    mistake = mistakes(write('[driver]\nname = "replay"\n'))["driver.replay.file"]
    assert (mistake.line, mistake.what) == (1, "is required")


@pytest.mark.parametrize("text", ["mqtt = 5", "[[mqtt]]\nport = 1", 'driver = "x"'])
def test_no_table(write: Write, text: str) -> None:
    """A value in a table's place is a mistake, and no crash."""
    assert "must be a table" in next(iter(mistakes(write(text)).values())).what


def test_conflicting_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table given as a value and as a table at once is told."""
    monkeypatch.setenv("QFLUXD_MQTT", "x")
    monkeypatch.setenv("QFLUXD_MQTT__HOST", "x")
    assert "mqtt is given as a value too" in mistakes()["mqtt.host"].what


# ---------------------------------------------------------------------------------- shown, and read again


def test_shown_with_secrets_masked(write: Write) -> None:
    """The effective settings are fit for JSON and hold no secret."""
    rows = {row.key: row for row in effective(load(write('[mqtt]\npassword = "hunter2"\n')))}
    told = json.dumps({key: row.value for key, row in rows.items()})
    assert "hunter2" not in told
    assert rows["mqtt.password"].value == "********"
    assert rows["mqtt.password"].origin.endswith("config.toml:2")
    assert rows["mqtt.username"].value is None
    assert rows["driver.pocketoption.pages"].value == ["https://pocketoption.com/*"]


def test_schema() -> None:
    """The JSON Schema knows every table and option, the drivers' own too, and no reference leads nowhere."""
    described = schema()
    definitions = described["$defs"]
    for name, model in tables().items():
        assert set(model.model_fields) <= set(definitions[_named(described["properties"][name])]["properties"])
    driver = definitions["DriverSettings"]["properties"]
    assert "server_offset" in definitions[_named(driver["pocketoption"])]["properties"]
    for reference in _references(described):
        assert reference.removeprefix("#/$defs/") in definitions


def _named(reference: dict[str, str]) -> str:
    return reference["$ref"].removeprefix("#/$defs/")


def _references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {found for part in value for found in _references(part)}
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
    return own | {found for part in value.values() for found in _references(part)}


def _reread(before: str, after: str, write: Write) -> tuple[Loaded, Loaded]:
    old = load(write(before))
    write(after)
    return old, old.reread()


def test_diff(write: Write) -> None:
    """After a change, live keys are told apart from those that need a restart, and only they are taken over."""
    before = '[log]\nlevel = "info"\n[mqtt]\npassword = "old"\n[driver.pocketoption]\naccount = "demo"\n'
    after = '[log]\nlevel = "debug"\n[mqtt]\npassword = "new"\nport = 1884\n[driver.pocketoption]\naccount = "real"\n'
    changes = diff(*_reread(before, after, write))
    assert [(change.key, change.before, change.after) for change in changes.live] == [("log.level", "info", "debug")]
    assert [(change.key, change.before, change.after) for change in changes.restart] == [
        ("mqtt.port", 1883, 1884),
        ("mqtt.password", "********", "********"),
        ("driver.pocketoption.account", "demo", "real"),
    ]
    assert changes.settings.log.level == "debug"
    assert changes.settings.mqtt.port == 1883


def test_same_again(write: Write) -> None:
    """A file that says the same in other words is no change."""
    changes = diff(
        *_reread(
            '[log]\nlevel = "info"\n',
            '[market]\ntimeframes = ["5s","15s","30s","60s","5m","15m","30m","1h","4h"]\n',
            write,
        )
    )
    assert (changes.live, changes.restart) == ((), ())


def test_reread_keeps_the_command_line(write: Write) -> None:
    """What the command line said holds after a reload too."""
    old = load(write('[log]\nlevel = "info"\n'), {"log.level": "error"})
    assert old.reread().settings.log.level == "error"


def test_reread_of_a_bad_file(write: Write) -> None:
    """A file that has become bad is refused whole."""
    old = load(write(""))
    write("[log]\nlevel = 1\n")
    with pytest.raises(ConfigError):
        old.reread()


def test_live_keys_exist() -> None:
    """Every key that is declared live is an option."""
    assert set(flat(load())) >= LIVE


def test_a_file_that_is_not_there_is_told_beside_other_mistakes(tmp_path: Path) -> None:
    """One round of mending is enough: what is named and missing does not wait for the rest to be right."""
    file = tmp_path / "config.toml"
    file.write_text('[log]\ncolour = "info"\n[mqtt]\nca = "/nope"\n[chrome]\nexecutable = "/nope"\n')
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert sorted((mistake.where, mistake.line) for mistake in caught.value.mistakes) == [
        ("chrome.executable", 6),
        ("log.colour", 2),
        ("mqtt.ca", 4),
    ]


# ------------------------------------------------------------------------------------- what only the file may say


def test_the_real_account_is_allowed_by_the_file_alone(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`allow_real` in the environment, a credential or on the command line is a mistake that says where it belongs."""
    assert load(write("[risk]\nallow_real = true\n")).settings.risk.allow_real
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "risk__allow_real").write_text("true")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    monkeypatch.setenv("QFLUXD_RISK__ALLOW_REAL", "false")
    with pytest.raises(ConfigError) as caught:
        load(write(""), {"risk.allow_real": "true"})
    assert [(mistake.source, mistake.where) for mistake in caught.value.mistakes] == [
        ("command line", "risk.allow_real"),
        ("environment variable QFLUXD_RISK__ALLOW_REAL", "risk.allow_real"),
        ("credential risk__allow_real", "risk.allow_real"),
    ]
    assert {mistake.what for mistake in caught.value.mistakes} == {
        "only the configuration file can set it; write it there, under [risk]"
    }


def test_limits_are_exact_amounts(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Money in the file is a number, kept to the digit; in the environment it is its text; anything else is told."""
    monkeypatch.setenv("QFLUXD_RISK__MAX_DAILY_LOSS", "20.10")
    loaded = load(write("[risk]\nmax_stake = 2.1\n"))
    assert (str(loaded.settings.risk.max_stake), str(loaded.settings.risk.max_daily_loss)) == ("2.1", "20.10")
    rows = {row.key: row.value for row in effective(loaded)}
    assert (rows["risk.max_stake"], rows["risk.max_open"], rows["risk.max_daily_loss"]) == (2.1, 3, 20.1)
    found = mistakes(write('[risk]\nmax_stake = "5"\nmax_daily_loss = true\nmax_open = 0\n'))
    assert {key: mistake.what for key, mistake in found.items()} == {
        "risk.max_stake": "must be a number, not text",
        "risk.max_daily_loss": "must be a number, not true or false",
        "risk.max_open": "must be greater than or equal to 1",
    }
    monkeypatch.setenv("QFLUXD_RISK__MAX_DAILY_LOSS", "much")
    assert mistakes(write(""))["risk.max_daily_loss"].what == "must be a number"


def test_a_schedule_is_read_when_it_is_checked(write: Write) -> None:
    """A schedule of pictures that makes no sense is told with its line, not when it would be due."""
    for good in ("15m", "0 8-17 * * mon-fri"):
        assert load(write(f'[screenshot]\nevery = "{good}"\n')).settings.screenshot.every == good
    mistake = mistakes(write('[screenshot]\nevery = "now and then"\n'))["screenshot.every"]
    assert mistake.line == 2
    assert "is no schedule" in mistake.what


def test_limits_and_pictures_are_taken_over_while_running(write: Write) -> None:
    """What is changed in [risk] and [screenshot] holds at once."""
    changes = diff(*_reread("", '[risk]\nmax_stake = 2\nallow_real = true\n[screenshot]\nevery = "1h"\n', write))
    assert {change.key for change in changes.live} == {"risk.max_stake", "risk.allow_real", "screenshot.every"}
    assert changes.restart == ()
    assert (changes.settings.risk.allow_real, changes.settings.screenshot.every) == (True, "1h")

"""The demo tells commands beside it where everything is."""

from pathlib import Path

from qfluxd.config import load
from qfluxd.demo import _write


def test_the_demo_writes_a_configuration_for_commands_beside_it(tmp_path: Path) -> None:
    """What it runs with is what they read, whatever the folder is called."""
    folder = tmp_path / 'a "folder" of ours'
    folder.mkdir()
    pages = ["http://127.0.0.1:8790/en/cabinet/demo-quick-high-low/", "http://127.0.0.1:8790/*"]
    file = _write(
        {
            "daemon": {"state_dir": str(folder)},
            "chrome": {"launch": True, "endpoint": "http://127.0.0.1:9333"},
            "driver.pocketoption": {"pages": pages},
            "mqtt": {"port": 1884},
        },
        folder / "config.toml",
    )
    loaded = load(file)
    assert loaded.settings.daemon.state_dir == folder
    assert (loaded.settings.chrome.launch, loaded.settings.chrome.endpoint) == (True, "http://127.0.0.1:9333")
    assert loaded.settings.mqtt.port == 1884
    assert list(loaded.driver_config.model_dump()["pages"]) == pages

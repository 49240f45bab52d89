"""All that an owner may set, as one frozen value, and where the layers of it are laid over one another."""

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from qfluxd.settings import (
    ChromeSettings,
    DaemonSettings,
    DriverSettings,
    LogSettings,
    MarketSettings,
    MqttSettings,
    RiskSettings,
    ScreenshotSettings,
    StoreSettings,
)

LATER = ("homeassistant", "strategy", "web")
"""Tables that have a name already and no effect in this version: accepted, with a notice."""


class Settings(BaseSettings):
    """The effective settings, table by table; nothing in it changes after reading."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    daemon: DaemonSettings = Field(default_factory=DaemonSettings)
    chrome: ChromeSettings = Field(default_factory=ChromeSettings)
    driver: DriverSettings = Field(default_factory=DriverSettings)
    market: MarketSettings = Field(default_factory=MarketSettings)
    store: StoreSettings = Field(default_factory=StoreSettings)
    mqtt: MqttSettings = Field(default_factory=MqttSettings)
    risk: RiskSettings = Field(default_factory=RiskSettings)
    screenshot: ScreenshotSettings = Field(default_factory=ScreenshotSettings)
    log: LogSettings = Field(default_factory=LogSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The layers given as ``layers``, strongest first; nothing is picked up that qfluxd has not checked."""
        given = init_settings()
        if "layers" not in given:
            return (init_settings,)
        return tuple(InitSettingsSource(settings_cls, layer) for layer in given["layers"])


def tables() -> dict[str, type[BaseModel]]:
    """Every table and the model that checks it."""
    found = {}
    for name, field in Settings.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        found[name] = model
    return found

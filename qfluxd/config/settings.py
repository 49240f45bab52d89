"""All that an owner may set, as one frozen value, and where the layers of it are laid over one another."""

from pathlib import Path

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from qfluxd.config.plans import PlanSettings, StrategiesSettings
from qfluxd.model import Millis
from qfluxd.plans.playbook import Rules
from qfluxd.settings import (
    ChromeSettings,
    CompareSettings,
    DaemonSettings,
    DriverSettings,
    HousekeepingSettings,
    LogSettings,
    MarketSettings,
    MqttSettings,
    RiskSettings,
    ScreenshotSettings,
    StoreSettings,
)

LATER = ("homeassistant", "web")
"""Tables that have a name already and no effect in this version: accepted, with a notice."""

STRATEGY = "strategy"
"""The one list of tables: a ``[[strategy]]`` for each plan."""


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
    housekeeping: HousekeepingSettings = Field(default_factory=HousekeepingSettings)
    strategies: StrategiesSettings = Field(default_factory=StrategiesSettings)
    strategy: tuple[PlanSettings, ...] = ()
    compare: CompareSettings = Field(default_factory=CompareSettings)
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


def rules_of(settings: Settings) -> Rules:
    """What holds for every plan."""
    strategies = settings.strategies
    return Rules(
        budget_us=round(strategies.budget_ms * 1000),
        late_after=round(strategies.late_after * 1000),
        good_for=round(strategies.good_for * 1000),
        grace=round(settings.market.grace * 1000),
    )


def latency_of(settings: Settings) -> Millis:
    """How long a shadow trade takes from its signal to its price."""
    return round(settings.strategies.shadow_latency * 1000)


def own_strategies(settings: Settings) -> Path:
    """The folder with strategies of the owner's own."""
    return settings.strategies.folder or settings.daemon.state_dir / "strategies"


def tables() -> dict[str, type[BaseModel]]:
    """Every table that stands alone, and the model that checks it."""
    found = {}
    for name, field in Settings.model_fields.items():
        if name == STRATEGY:
            continue
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        found[name] = model
    return found

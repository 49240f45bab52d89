"""From what is wanted to a folder in which a sweep can begin, or go on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from qfluxd import __version__
from qfluxd.errors import DataError
from qfluxd.research.dataset import Dataset
from qfluxd.research.sweep.folder import Folder
from qfluxd.research.sweep.forward import cut
from qfluxd.research.sweep.search import make_search
from qfluxd.research.sweep.settings import Manifest, Settings, Source
from qfluxd.research.sweep.stores import data_at
from qfluxd.research.sweep.tasks import spans
from qfluxd.research.sweep.work import plan_of_variant


def begin(path: Path, settings: Settings, dataset: Dataset, place: str | None = None) -> Folder:
    """A new sweep in an empty or new folder; `place` is where the data are found again, where that is not here.

    Raises:
        ConfigError: no combination of values is possible, or there are too many.
        DataError: the data are too few, cannot be read, or the folder is not empty.
        PluginError: there is no such strategy.
        Unavailable: optuna is asked for and not installed.
    """
    spec = _spec(settings)
    forward, first = cut(dataset, settings.timeframes[0], settings.folds, settings.embargo)
    manifest = Manifest(
        settings=settings,
        source=_source(dataset, place or str(dataset.place.absolute())),
        tests=forward.tests,
        spans=tuple(spans(first, forward.tests[-1], settings.span)),
        spec=spec,
    )
    return Folder.begin(path, manifest)


def go_on(path: Path, given: dict[str, Any]) -> Folder:
    """A sweep that was begun before; `given` are settings that must be what they were then.

    Raises:
        DataError: the settings, the data, the strategy or qfluxd are not what they were, or results are damaged.
    """
    folder = Folder.resume(path)
    folder.check()
    manifest = folder.manifest
    for name, value in given.items():
        was = msgspec.to_builtins(getattr(manifest.settings, name))
        if msgspec.to_builtins(value) != was:
            raise DataError(f"{path}: was begun with another {name} ({was}); leave it out, or begin anew")
    _same(path, f"qfluxd {manifest.version}", manifest.version, lambda: __version__)
    _same(
        path,
        f"other contents of the strategy {manifest.settings.strategy}",
        manifest.spec,
        lambda: _spec(manifest.settings),
    )
    source = manifest.source
    with data_at(source.place, tuple(source.assets), source.start, source.end) as dataset:
        _same(path, f"other rows in {source.place}", source.hash, lambda: dataset.hash)
    return folder


def _same(path: Path, what: str, was: str, now: Callable[[], str]) -> None:
    if now() != was:
        raise DataError(f"{path}: was begun with {what}; results of both would not go together, so begin anew")


def _source(dataset: Dataset, place: str) -> Source:
    whole = dataset.hash
    if dataset.assets[1:]:
        each = {asset: _only(dataset, asset).hash for asset in dataset.assets}
    else:
        each = {dataset.assets[0]: whole}
    return Source(place, dataset.start, dataset.end, whole, each)


def _only(dataset: Dataset, asset: str) -> Dataset:
    return Dataset(dataset.root, (asset,), dataset.start, dataset.end)


def _spec(settings: Settings) -> str:
    """The first variant, as a plan tells what it is made of: the strategy's own file by the hash of what is in it.

    Raises as `make_search`.
    """
    search = make_search(settings.search, settings.space(), settings.variants, settings.seed)
    return plan_of_variant(settings, search.ask()[0], "*").spec

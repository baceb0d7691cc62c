"""Files from the net, fetched once: checked against a checksum, kept in a folder, and taken from there ever after."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import DownloadError

__all__ = ["cache_folder", "fetch"]

Folder = str | os.PathLike[str] | None


def cache_folder(who: str, folder: Folder = None) -> Path:
    """Return where downloads are kept: ``folder``, else what MATHNN_DATA names, else the user's cache folder."""
    named = folder if folder is not None else os.environ.get("MATHNN_DATA")
    if named:
        return Path(named).expanduser()
    try:
        import pooch
    except ImportError as error:
        raise DownloadError(
            f"{who}: the package pooch, which knows the cache folder and downloads, is not installed: "
            'pip install "mathnn[datasets]". Without it, name a folder that has the files: folder=..., or MATHNN_DATA'
        ) from error
    return Path(pooch.os_cache("mathnn"))


def fetch(who: str, name: str, sha256: str, mirrors: Sequence[str], folder: Path, progress: bool | None = None) -> Path:
    """Return the path of a file of that checksum in ``folder``, downloading it unless it is there.

    The mirrors are tried in turn. What is downloaded goes to a file beside, and takes its name only once its checksum
    is found right; a file there that was cut short or altered is replaced. ``progress`` shows a bar on standard error;
    None does so on a terminal. Raises DownloadError where nothing helps, saying what was tried.
    """
    path = folder / name
    altered = path.exists()
    if altered and _sha256(path) == sha256:
        return path
    try:
        import pooch
        import requests
    except ImportError as error:
        tried = 'the package pooch, which downloads it, is not installed: pip install "mathnn[datasets]"'
        raise DownloadError(_missing(who, path, sha256, altered, mirrors, tried)) from error
    shown = sys.stderr.isatty() if progress is None else progress
    log, tried = pooch.get_logger(), ""
    level = log.level
    for mirror in mirrors:
        if shown:
            print(f"{who}: {mirror}{name}", file=sys.stderr)
        log.setLevel("ERROR")  # it tells of every download otherwise
        try:
            pooch.retrieve(mirror + name, sha256, name, folder, downloader=pooch.HTTPDownloader(progressbar=shown))
            return path
        except requests.RequestException as error:
            tried += f"\n  {mirror}{name}: {type(error).__name__}: {error}"
        except ValueError:
            tried += f"\n  {mirror}{name}: its checksum is not the one on record"
        except OSError as error:
            raise DownloadError(
                f"{who}: {name} cannot be written into the folder {folder} ({error}). Name one that can be: "
                "folder=..., or the environment variable MATHNN_DATA"
            ) from error
        finally:
            log.setLevel(level)
    raise DownloadError(_missing(who, path, sha256, altered, mirrors, f"no mirror had it:{tried}"))


def _missing(who: str, path: Path, sha256: str, altered: bool, mirrors: Sequence[str], reason: str) -> str:
    state = "is altered or cut short" if altered else "is not there"
    return (
        f"{who}: the file {path} {state}, and {reason}\n"
        f"Try again with a connection; or take {path.name} from {mirrors[0]} (SHA-256 {sha256}) on another machine and "
        f"put it into {path.parent}"
    )


def _sha256(path: Path) -> str:
    from hashlib import file_digest  # here, not above: `import mathnn` stays quick

    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()

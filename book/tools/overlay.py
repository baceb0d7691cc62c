"""Lay a repository's address over the committed configuration, which has none.

    python -m book.tools.overlay --repository https://example.org/owner/book --branch main \\
        --baseurl https://owner.example.org/book/ _build/deploy.yml
    python -m book.tools.overlay --build ...      # and build the book with it

With the address come the buttons that need one: repository, source, edit and issue, Binder and Colab; and the
addresses that search engines and link previews want. A fork is deployed with its own, by the same workflow.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from . import build

PROVIDERS = ("github", "gitlab", "bitbucket")


def overlay(config: dict[str, Any], repository: str, branch: str, baseurl: str = "") -> dict[str, Any]:
    """`config` with what depends on the repository; `config` itself is not changed."""
    if not repository.startswith("https://") or len(repository.rstrip("/").split("/")) < 5:
        raise ValueError(f"repository is {repository!r}; it must be like https://example.org/owner/name")
    laid: dict[str, Any] = yaml.safe_load(yaml.safe_dump(config))
    laid["repository"] = {"url": repository.rstrip("/"), "branch": branch, "path_to_book": ""}
    laid["launch_buttons"] = {
        "notebook_interface": "jupyterlab",
        "binderhub_url": "https://mybinder.org",
        "colab_url": "https://colab.research.google.com",
    }
    laid["html"].update(use_repository_button=True, use_issues_button=True, use_edit_page_button=True)
    sphinx = laid["sphinx"]
    theme = sphinx["config"]["html_theme_options"]
    theme["use_source_button"] = True
    theme["repository_provider"] = next((p for p in PROVIDERS if p in repository), "github")
    # The configuration may stand anywhere: its extensions are where they were.
    extensions = sphinx["local_extensions"]
    sphinx["local_extensions"] = {name: str(build.ROOT / folder) for name, folder in extensions.items()}
    if baseurl:
        laid["html"]["baseurl"] = baseurl.rstrip("/") + "/"
        sphinx["extra_extensions"].append("sphinxext.opengraph")
        sphinx["config"].update(ogp_site_url=laid["html"]["baseurl"], ogp_social_cards={"enable": False})
    return laid


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repository", required=True)
    parser.add_argument("--branch", default="main")
    parser.add_argument("--baseurl", default="", help="where the book will be read")
    parser.add_argument("--build", action="store_true", help="build the book with it too")
    parser.add_argument("target", type=Path)
    options = parser.parse_args(argv)
    config = yaml.safe_load(build.CONFIG.read_text(encoding="utf-8"))
    options.target.parent.mkdir(parents=True, exist_ok=True)
    laid = overlay(config, options.repository, options.branch, options.baseurl)
    options.target.write_text(yaml.safe_dump(laid, sort_keys=False, allow_unicode=True), encoding="utf-8")
    if options.build:
        try:
            build.build(options.target, show=True)
        except build.BuildError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The built book asks no other host for anything: MathJax is copied into it, the live-code loader taken out.

MathJax comes from the installed package sphinx-mathjax-offline. Loading that package as an extension would copy
all of its 24 MB; a page needs the combined component, its fonts and what `autoload` may ask for.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

PACKAGE = "sphinx-mathjax-offline"
LOADED = ("tex-chtml.js", "output/chtml/fonts/woff-v2/*.woff", "input/tex/extensions/*.js")
# Extensions of MathJax that fetch something else again, or that no page may use.
NOT_SHIPPED = {"all-packages.js", "setoptions.js", "unicode.js"}


def mathjax_source() -> Path:
    """The folder of the installed MathJax."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ExtensionError(f"{PACKAGE} is not installed: run `make book`, which installs what the book needs")
    return Path(spec.origin).parent / "static" / "mathjax"


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    """Copy the files a page loads into the built book."""
    if error is not None or app.builder.format != "html":
        return
    source, target = mathjax_source(), Path(app.outdir) / "_static" / "mathjax"
    for pattern in LOADED:
        for path in sorted(source.glob(pattern)):
            if path.name not in NOT_SHIPPED:
                copy = target / path.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                if not copy.exists() or copy.stat().st_size != path.stat().st_size:
                    shutil.copyfile(path, copy)


def leave_out_thebe(app: Sphinx) -> None:
    """Jupyter Book always copies the files of its live-code button, whose script comes from outside."""
    app.config.html_static_path = [p for p in app.config.html_static_path if "thebe" not in Path(p).parts[-2]]


def strip_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Take scripts and styles of the live-code button out of the page that is about to be written."""
    for key in ("script_files", "css_files"):
        if key in context:
            context[key] = [f for f in context[key] if not _is_thebe(f)]
    if "body" in context:
        context["body"] = re.sub(
            r"<script type=\"text/x-thebe-config\">.*?</script>|<script>\s*kernelName = .*?</script>",
            "",
            context["body"],
            flags=re.DOTALL,
        )


def _is_thebe(file: Any) -> bool:
    attributes = getattr(file, "attributes", {})
    return "thebe" in f"{getattr(file, 'filename', file)} {attributes.get('body', '')}"


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", leave_out_thebe, priority=900)
    app.connect("html-page-context", strip_page, priority=900)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

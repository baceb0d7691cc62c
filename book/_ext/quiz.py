"""The `quiz` directive: one question, its options, and an explanation for every one of them.

    ```{quiz}
    What is the derivative of $\\tanh z$?

    - [x] $1 - \\tanh^2 z$
      > It follows from the quotient rule.
    - [ ] $1 - \\tanh z$
      > The square is missing: try $z = 0$ and $z = 1$.
    ```

A radio button each, and CSS that shows the explanation of the one that is checked: no script, so it works on any
phone and by keyboard. Builders other than HTML get two lists, the options and the answers.
"""

from __future__ import annotations

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)

MARKS = {"[x] ": True, "[X] ": True, "[ ] ": False}


class quiz(nodes.General, nodes.Element):
    """A question (its first children) and its options."""


class quiz_question(nodes.General, nodes.Element):
    """What is asked."""


class quiz_option(nodes.General, nodes.Element):
    """One option: a paragraph, perhaps more, and last its explanation."""


class quiz_label(nodes.General, nodes.Element):
    """The words of an option, which are the label of its radio button."""


class quiz_why(nodes.General, nodes.Element):
    """The explanation shown when the option is chosen."""


class QuizDirective(SphinxDirective):
    """See the module's docstring."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"label": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        parsed = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, parsed)
        lists = [child for child in parsed.children if isinstance(child, nodes.bullet_list)]
        if not lists:
            return self.fail("has no list of options")
        options = lists[-1]
        question = parsed.children[: parsed.children.index(options)]
        if not question:
            return self.fail("has no question before its options")
        if parsed.children[-1] is not options:
            return self.fail("goes on after its options: explanations are indented under their option")

        number = self.env.temp_data["quiz"] = self.env.temp_data.get("quiz", 0) + 1
        identity = f"quiz-{number}"
        node = quiz(number=number, identity=identity)
        self.set_source_info(node)
        node += quiz_question("", *question, identity=identity)
        for position, item in enumerate(options.children):
            option = self.option(item, f"{identity}-{'abcdefghijklmnop'[position]}", identity)
            if option is not None:
                node += option
        right = sum(option["right"] for option in node.findall(quiz_option))
        if right != 1:
            return self.fail(f"needs exactly one right option, marked [x]; it has {right}")
        if len(options.children) < 2:
            return self.fail("needs two options or more")
        if "label" in self.options:
            node["ids"] = [nodes.make_id(self.options["label"])]
        return [node]

    def option(self, item: nodes.Node, identity: str, group: str) -> quiz_option | None:
        """The option that stands in a list item, or None with a warning that says what it lacks."""
        children = list(item.children)
        first = children[0] if children else None
        text = first.astext() if isinstance(first, nodes.paragraph) else ""
        mark = text[:4] if text[:4] in MARKS else None
        if mark is None:
            self.fail(f"option {text[:40]!r} starts with neither '[x] ' nor '[ ] '")
            return None
        if len(children) < 2 or not isinstance(children[-1], nodes.block_quote):
            self.fail(f"option {text[4:44]!r} has no explanation ('  > ...' as its last lines)")
            return None
        start = first.children[0]
        first.replace(start, nodes.Text(start.astext()[4:]))
        option = quiz_option(right=MARKS[mark], identity=identity, group=group)
        option += quiz_label("", *first.children, identity=identity)
        option += children[1:-1]
        option += quiz_why("", *children[-1].children, right=MARKS[mark])
        return option

    def fail(self, what: str) -> list[nodes.Node]:
        logger.warning("a quiz %s", what, location=self.get_location(), type="quiz")
        return []


class ListsElsewhere(SphinxPostTransform):
    """Builders that are not HTML: the question, a list of the options, and the answer with its explanations."""

    default_priority = 5

    def run(self, **kwargs: Any) -> None:
        if self.app.builder.format == "html":
            return
        labels = self.config.quiz_labels
        for node in list(self.document.findall(quiz)):
            options = nodes.enumerated_list("", enumtype="loweralpha", prefix="", suffix=")")
            answers = nodes.enumerated_list("", enumtype="loweralpha", prefix="", suffix=")")
            for option in node.findall(quiz_option):
                label, *more, why = option.children
                options += nodes.list_item("", nodes.paragraph("", "", *label.children), *more)
                verdict = labels["right" if option["right"] else "wrong"]
                answers += nodes.list_item("", nodes.paragraph("", "", nodes.strong("", verdict)), *why.children)
            title = f"{labels['question']} {node['number']}"
            heading = nodes.paragraph("", "", nodes.strong("", title))
            node.replace_self([heading, *node.children[0].children, options, answers])


def visit_quiz(self: Any, node: quiz) -> None:
    identity = node["identity"]
    ids = f' id="{node["ids"][0]}"' if node["ids"] else ""
    title = f"{self.config.quiz_labels['question']} {node['number']}"
    self.body.append(
        f'<fieldset class="quiz"{ids} aria-labelledby="{identity}-n {identity}-q">\n'
        f'<legend id="{identity}-n">{self.encode(title)}</legend>\n'
    )


def visit_question(self: Any, node: quiz_question) -> None:
    self.body.append(f'<div class="quiz-question" id="{node["identity"]}-q">\n')


def visit_option(self: Any, node: quiz_option) -> None:
    side = "right" if node["right"] else "wrong"
    self.body.append(
        f'<div class="quiz-option quiz-{side}">\n'
        f'<input type="radio" name="{node["group"]}" id="{node["identity"]}" autocomplete="off">\n'
    )


def visit_label(self: Any, node: quiz_label) -> None:
    self.body.append(f'<label for="{node["identity"]}">')


def depart_label(self: Any, node: quiz_label) -> None:
    self.body.append("</label>\n")


def visit_why(self: Any, node: quiz_why) -> None:
    verdict = self.config.quiz_labels["right" if node["right"] else "wrong"]
    self.body.append(
        '<div class="quiz-answer" aria-live="polite"><div class="quiz-why">'
        f'<p class="quiz-verdict">{self.encode(verdict)}</p>\n'
    )


def depart_why(self: Any, node: quiz_why) -> None:
    self.body.append("</div></div>\n")


def depart_quiz(self: Any, node: quiz) -> None:
    self.body.append("</fieldset>\n")


def depart_div(self: Any, node: nodes.Element) -> None:
    self.body.append("</div>\n")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value(
        "quiz_labels", {"question": "Question", "right": "Right.", "wrong": "Not this one."}, "env", [dict]
    )
    app.add_node(quiz, html=(visit_quiz, depart_quiz))
    app.add_node(quiz_question, html=(visit_question, depart_div))
    app.add_node(quiz_option, html=(visit_option, depart_div))
    app.add_node(quiz_label, html=(visit_label, depart_label))
    app.add_node(quiz_why, html=(visit_why, depart_why))
    app.add_directive("quiz", QuizDirective)
    app.add_post_transform(ListsElsewhere)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

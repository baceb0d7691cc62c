// Repairs of the theme. Nothing in the book needs this file to be read.
"use strict";

// The visible words of a button must be in its name (WCAG 2.5.3): speech users say what they see.
function nameButtonsByTheirWords() {
  for (const button of document.querySelectorAll(".search-button-field")) {
    button.removeAttribute("aria-label");
    button.querySelector(".search-button__kbd-shortcut")?.setAttribute("aria-hidden", "true");
  }
  for (const icon of document.querySelectorAll(".theme-switch-button .theme-switch")) {
    icon.removeAttribute("title");
    icon.setAttribute("aria-hidden", "true");
  }
}

// A box that scrolls must be reachable by keyboard (and one that does not, must not be a stop).
const BOXES = "mjx-container, .pst-scrollable-table-container, .cell_output .output, div.highlight pre";

function markScrollingBoxes() {
  for (const box of document.querySelectorAll(`.bd-article :is(${BOXES})`)) {
    if (box.matches("mjx-container:not([display='true'])")) {
      const room = box.closest("p, li, td, dd, figcaption, div")?.clientWidth ?? Infinity;
      box.classList.toggle("scrolls", box.scrollWidth > room || box.getBoundingClientRect().width > room);
    }
    if (box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible") {
      box.tabIndex = 0;
    } else if (box.matches("mjx-container")) {
      box.removeAttribute("tabindex");
    }
  }
}

function loosenWideFormulas() {
  for (const kept of document.querySelectorAll(".bd-article .keep")) {
    kept.classList.remove("loose");
    const room = kept.closest("p, li, td, dd, figcaption, div")?.clientWidth ?? Infinity;
    kept.classList.toggle("loose", kept.getBoundingClientRect().width > room);
  }
}

function settle() {
  markScrollingBoxes();
  loosenWideFormulas();
}

function whenSettled(callback) {
  const typeset = window.MathJax?.startup?.promise ?? Promise.resolve();
  typeset.then(callback);
}

nameButtonsByTheirWords();
whenSettled(settle);
let pending = 0;
window.addEventListener("resize", () => {
  cancelAnimationFrame(pending);
  pending = requestAnimationFrame(settle);
});

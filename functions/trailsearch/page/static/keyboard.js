// Keys, which count wherever nothing is being typed.

import { Dialog } from "./parts.js";
import { html, useEffect, useRef } from "./vendor/htm-preact.js";

const KEYS = [
  ["/", "Search"],
  ["j", "Next event"],
  ["k", "Event before"],
  ["Enter", "Open its record"],
  ["Esc", "Close what is open"],
  ["?", "These keys"],
  ["Alt and click", "Leave a value out"],
  ["← →, Shift", "In the histogram: move between bars, choose several; Enter shows them"],
];

/** Call `does[key]` when a key is pressed where nothing is being typed. */
export function useKeys(does) {
  const latest = useRef(does);
  latest.current = does;
  useEffect(() => {
    const onKeyDown = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (typing && event.key !== "Escape") return;
      const done = latest.current[event.key]?.(event);
      if (done) event.preventDefault();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}

export function KeysDialog({ onClose }) {
  return html`<${Dialog} title="Keys" onClose=${onClose}>
    <dl class="keys">${KEYS.map(([key, does]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${does}</dd></div>`)}</dl>
  </${Dialog}>`;
}

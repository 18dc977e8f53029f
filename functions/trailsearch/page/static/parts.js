// What several parts of the page are made of.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./vendor/htm-preact.js";

/** A button that opens a panel below it, which Esc and a click elsewhere close. `children` is given what closes it. */
export function Popover({ label, name, title, children, align = "start" }) {
  const [open, setOpen] = useState(false);
  const box = useRef(null);
  const button = useRef(null);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  useEffect(() => {
    if (!open) return undefined;
    box.current.querySelector("[autofocus], .panel button, .panel a, .panel input")?.focus();
    const elsewhere = (event) => {
      if (!box.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", elsewhere);
    return () => document.removeEventListener("pointerdown", elsewhere);
  }, [open]);
  const onKeyDown = (event) => {
    if (event.key === "Escape" && open) {
      event.stopPropagation();
      close();
    }
  };
  return html`<div class="popover" ref=${box} onKeyDown=${onKeyDown}>
    <button type="button" class="quiet" ref=${button} aria-expanded=${open} aria-haspopup="dialog" title=${title} onClick=${() => setOpen(!open)}>${label}<span class="caret" aria-hidden="true"> ▾</span></button>
    ${open && html`<div class=${`panel ${align}`} role="dialog" aria-label=${name}>${children(close)}</div>`}
  </div>`;
}

/** A dialog over the page, as long as it is there. */
export function Dialog({ title, onClose, children }) {
  const dialog = useRef(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => before?.focus?.();
  }, []);
  const onKeyDown = (event) => event.stopPropagation();
  const onCancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${dialog} aria-label=${title} onCancel=${onCancel} onKeyDown=${onKeyDown}>
    <div class="dialog-head"><h2>${title}</h2><button type="button" class="quiet icon" aria-label="Close" onClick=${onClose}>×</button></div>
    ${children}
  </dialog>`;
}

/** What went wrong, in the words of who says it. */
export function Problem({ error }) {
  return html`<div class="problem" role="alert">
    <strong>${error.name}</strong> <span>${error.message}</span>
    ${error.hint && html`<p>${error.hint}</p>`}
  </div>`;
}

/** Ask for something anew whenever `key` changes; what was there stays until the answer is. */
export function useAnswer(key, ask) {
  const [state, setState] = useState({ answer: null, error: null, asking: true });
  useEffect(() => {
    if (key === null) return undefined;
    const stop = new AbortController();
    setState((before) => ({ ...before, asking: true }));
    ask(stop.signal).then(
      (answer) => stop.signal.aborted || setState({ answer, error: null, asking: false, of: key }),
      (error) => stop.signal.aborted || setState({ answer: null, error, asking: false, of: key }),
    );
    return () => stop.abort();
  }, [key]);
  return { ...state, asking: key !== null && state.asking };
}

/** Write a count as people read it. */
export function count(number) {
  return number.toLocaleString("en-GB");
}

/** Follow a link of the page without loading it anew, unless it is to open elsewhere. */
export function followed(navigate, view) {
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    navigate(view);
  };
}

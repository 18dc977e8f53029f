// A record as it was delivered, coloured, with matches marked; what each value finds is for who shows it.

import { html } from "./vendor/htm-preact.js";

const SHORT = 1500;
/** What is nested deeper than anybody reads is shown in a line. */
const DEEPEST = 50;

/** A number as it is written in the record, which may have more digits than JavaScript keeps. */
class Written {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }

  toJSON() {
    return Number(this.text);
  }
}

/** Read the text of a record; null if it is no JSON. */
export function parsed(text) {
  try {
    return JSON.parse(text, (_, value, context) =>
      typeof value === "number" && context?.source ? new Written(context.source) : value,
    );
  } catch {
    return null;
  }
}

/** Give what stands in the excerpts as found, the longest first. */
export function markedIn(highlights, phrases) {
  const pieces = Object.values(highlights ?? {}).flat(2);
  const words = pieces.filter(([, marked]) => marked).map(([text]) => text);
  return [...new Set([...words, ...phrases])]
    .filter((each) => each.trim())
    .sort((one, other) => other.length - one.length);
}

/** Give a text with the words in it marked, whatever their case. */
export function Marked({ text, words }) {
  if (!words.length) return text;
  const pattern = new RegExp(
    `(${words.map((each) => each.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`,
    "giu",
  );
  return text.split(pattern).map((piece, at) => (at % 2 ? html`<mark>${piece}</mark>` : piece));
}

/** Show a value of a record, and all that is in it. `scalar` draws one that holds no others. */
export function Json({ value, scalar, path = [], last = true }) {
  const comma = last ? "" : ",";
  if (value === null || typeof value !== "object" || value instanceof Written) {
    return html`${scalar(value instanceof Written ? Number(value.text) : value, path, shown(value))}${comma}`;
  }
  if (path.length > DEEPEST) return html`<span class="dim">${JSON.stringify(value)}</span>${comma}`;
  const list = Array.isArray(value);
  const entries = list ? value.map((each, at) => [at, each]) : Object.entries(value);
  const [opening, closing] = list ? "[]" : "{}";
  if (!entries.length) return html`<span class="dim">${opening}${closing}</span>${comma}`;
  return html`<span class="dim">${opening}</span><div class="inside">
    ${entries.map(([key, each], at) => html`<div key=${key}>${!list && html`<span class="key">${JSON.stringify(key)}</span><span class="dim">: </span>`}<${Json} value=${each} scalar=${scalar} path=${[...path, key]} last=${at === entries.length - 1} /></div>`)}
  </div><span class="dim">${closing}</span>${comma}`;
}

function shown(value) {
  if (typeof value !== "string") return String(value);
  return value.length > SHORT ? `${value.slice(0, SHORT)}…` : value;
}

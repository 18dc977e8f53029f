// Which range of time is shown: up to now, or between two moments, in UTC or in the browser's zone.

import { Popover } from "./parts.js";
import { asTyped, HERE, range, typed } from "./times.js";
import { html, useState } from "./vendor/htm-preact.js";

const LATEST = [
  ["-15m", "15 minutes"],
  ["-1h", "hour"],
  ["-6h", "6 hours"],
  ["-24h", "24 hours"],
  ["-7d", "7 days"],
  ["-30d", "30 days"],
];

export function TimePicker({ view, navigate }) {
  return html`<${Popover} label=${range(view)} name="Range of time" title="Range of time" align="end">
    ${(close) => html`<${Range} view=${view} navigate=${navigate} close=${close} />`}
  </${Popover}>`;
}

function Range({ view, navigate, close }) {
  const [since, setSince] = useState(asTyped(view.since, view.zone));
  const [until, setUntil] = useState(asTyped(view.until, view.zone));
  const [problem, setProblem] = useState("");
  const go = (times) => {
    navigate({ ...view, since: "", until: "", ...times, event: "" });
    close();
  };
  const apply = (event) => {
    event.preventDefault();
    const [from, to] = [typed(since, view.zone), typed(until, view.zone)];
    if (from === null || to === null) setProblem(`${from === null ? since : until} is no time.`);
    else if (from && to && !from.startsWith("-") && !to.startsWith("-") && from >= to)
      setProblem("That range ends before it begins.");
    else go({ since: from, until: to });
  };
  const zone = view.zone === "local" ? HERE : "UTC";
  return html`<div class="range">
    <h2>Last</h2>
    <div class="choices">
      ${LATEST.map(
        ([length, name]) =>
          html`<button key=${length} type="button" aria-pressed=${view.since === length && !view.until} onClick=${() => go({ since: length })}>${name}</button>`,
      )}
      <button type="button" aria-pressed=${!view.since && !view.until} onClick=${() => go({})}>All time</button>
    </div>
    <form onSubmit=${apply}>
      <h2>Between, in ${zone}</h2>
      <label>From <input type="text" name="since" class="mono" autocomplete="off" placeholder="2026-11-26 13:00 or -2h" value=${since} onInput=${(event) => setSince(event.target.value)} /></label>
      <label>Until <input type="text" name="until" class="mono" autocomplete="off" placeholder="now" value=${until} onInput=${(event) => setUntil(event.target.value)} /></label>
      ${problem && html`<p class="wrong" role="alert">${problem}</p>`}
      <button type="submit" class="primary">Show</button>
    </form>
  </div>`;
}

/** Shows times in UTC or in this browser's zone. */
export function ZoneButton({ view, navigate }) {
  const local = view.zone === "local";
  return html`<button type="button" class="quiet" aria-pressed=${local} title=${local ? `Times are in ${HERE}` : "Times are in UTC"} onClick=${() => navigate({ ...view, zone: local ? "utc" : "local" }, { replace: true })}>${local ? "Local" : "UTC"}</button>`;
}

// Events over time: bars that are drawn, read aloud, and chosen from with a pointer or the keyboard.

import { count } from "./parts.js";
import { stretch } from "./times.js";
import { html, useRef, useState } from "./vendor/htm-preact.js";

const HEIGHT = 100;
const GAP = 0.18;
const LEAST = 1.5;
/** A pointer that moves less than this, in shares of a bar, clicks. */
const STILL = 0.3;

export function Histogram({ answer, view, navigate, busy }) {
  const drawn = useRef(null);
  const [at, setAt] = useState(0);
  const [pulled, setPulled] = useState(null);
  const [shown, setShown] = useState(null);
  const buckets = answer?.buckets ?? [];
  if (!buckets.length) return html`<div class="histogram empty" aria-hidden="true"></div>`;

  const most = Math.max(1, ...buckets.map((each) => each.count));
  const focused = Math.min(at, buckets.length - 1);
  const say = (bucket) =>
    `${stretch(bucket.since, bucket.until, view.zone)}: ${count(bucket.count)} ${bucket.count === 1 ? "event" : "events"}`;
  const zoom = (from, to) => {
    setPulled(null);
    navigate({ ...view, since: buckets[from].since, until: buckets[to].until, event: "" });
  };
  const wider = () => {
    const [since, until] = [new Date(answer.from).getTime(), new Date(answer.until).getTime()];
    const half = Math.max(1000, (until - since) / 2);
    navigate({
      ...view,
      since: new Date(since - half).toISOString(),
      until: new Date(until + half).toISOString(),
      event: "",
    });
  };

  const place = (event) => {
    const box = drawn.current.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return Math.min(buckets.length - 1e-6, Math.max(0, share * buckets.length));
  };
  const onPointerDown = (event) => {
    if (event.button > 0) return;
    drawn.current.setPointerCapture(event.pointerId);
    setPulled({ from: place(event), to: place(event) });
  };
  const onPointerMove = (event) => {
    setShown(Math.floor(place(event)));
    if (pulled) setPulled({ ...pulled, to: place(event) });
  };
  const onPointerUp = (event) => {
    if (!pulled) return;
    const [from, to] = [pulled.from, place(event)].sort((one, other) => one - other);
    if (to - from < STILL) zoom(Math.floor(to), Math.floor(to));
    else zoom(Math.floor(from), Math.floor(to));
  };
  const onKeyDown = (event) => {
    const next = { ArrowLeft: focused - 1, ArrowRight: focused + 1, Home: 0, End: buckets.length - 1 }[
      event.key
    ];
    if (next !== undefined) {
      event.preventDefault();
      const to = Math.min(buckets.length - 1, Math.max(0, next));
      setAt(to);
      setShown(to);
      if (event.shiftKey) setPulled({ from: pulled?.from ?? focused, to });
      else setPulled(null);
      drawn.current.querySelectorAll(".bar")[to].focus();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      event.stopPropagation();
      const [from, to] = [pulled?.from ?? focused, focused].sort((one, other) => one - other);
      zoom(Math.floor(from), Math.floor(to));
    } else if (event.key === "Escape" && pulled) {
      event.stopPropagation();
      setPulled(null);
    }
  };

  const brush = pulled && [
    Math.floor(Math.min(pulled.from, pulled.to)),
    Math.floor(Math.max(pulled.from, pulled.to)) + 1,
  ];
  const ends = [buckets[0].since, buckets[Math.floor(buckets.length / 2)].since, buckets.at(-1).until];
  const said =
    brush && brush[1] - brush[0] > 1
      ? `${stretch(buckets[brush[0]].since, buckets[brush[1] - 1].until, view.zone)}: ${count(buckets.slice(...brush).reduce((sum, each) => sum + each.count, 0))} events`
      : shown !== null && buckets[shown]
        ? say(buckets[shown])
        : "";
  return html`<div class=${busy ? "histogram stale" : "histogram"}>
    <div class="histogram-head"><span class="said mono" aria-hidden="true">${said || `${most === 1 ? "1 event" : `${count(most)} events`} at most in ${step(buckets[0])}`}</span>
      <button type="button" class="quiet small" onClick=${wider}>Zoom out</button></div>
    <svg ref=${drawn} viewBox=${`0 0 ${buckets.length} ${HEIGHT}`} preserveAspectRatio="none" role="group" aria-label="Events over time. Arrows move between bars, Shift and arrows choose several, Enter shows what is chosen."
      onPointerDown=${onPointerDown} onPointerMove=${onPointerMove} onPointerUp=${onPointerUp} onPointerCancel=${() => setPulled(null)} onPointerLeave=${() => setShown(null)} onKeyDown=${onKeyDown}>
      <line class="base" x1="0" x2=${buckets.length} y1=${HEIGHT} y2=${HEIGHT} />
      ${buckets.map((bucket, index) => {
        const height = bucket.count ? Math.max(LEAST, (bucket.count / most) * HEIGHT) : 0;
        return html`<g key=${bucket.since} class="bar" role="button" aria-label=${say(bucket)} tabindex=${index === focused ? 0 : -1} onFocus=${() => {
          setAt(index);
          setShown(index);
        }} onBlur=${() => setShown(null)}>
          <rect class="room" x=${index} y="0" width="1" height=${HEIGHT} />
          <rect class="ink" x=${index + GAP / 2} y=${HEIGHT - height} width=${1 - GAP} height=${height} />
        </g>`;
      })}
      ${brush && html`<rect class="brush" x=${brush[0]} y="0" width=${brush[1] - brush[0]} height=${HEIGHT} />`}
    </svg>
    <div class="axis mono" aria-hidden="true">${ends.map((each) => html`<span key=${each}>${stretch(each, each, view.zone).replace(/ to .*/, "")}</span>`)}</div>
  </div>`;
}

const STEPS = [
  ["day", 864e5],
  ["hour", 36e5],
  ["minute", 6e4],
  ["second", 1e3],
];

/** Say how long a bar is: `5 minutes`. */
function step({ since, until }) {
  const length = new Date(until) - new Date(since);
  const [name, one] = STEPS.find(([, each]) => length >= each && length % each === 0) ?? ["second", 1e3];
  const many = Math.round((length / one) * 10) / 10;
  return many === 1 ? `a${name === "hour" ? "n" : ""} ${name}` : `${many} ${name}s`;
}

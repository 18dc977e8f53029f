// Times as they are typed and shown, in UTC or in this browser's zone.

const UNITS = { s: "second", m: "minute", h: "hour", d: "day", w: "week" };
const LENGTHS = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };
const RELATIVE = /^-?(\d{1,6})([smhdw])$/;
const ABSOLUTE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,6})?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/i;

/** What a browser calls its own zone. */
export const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone || "local time";
// Swedish writes a time as ISO 8601 does.
const LOCAL = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });

/** Write a moment as `2026-11-26 13:48:25`. */
export function moment(iso, zone) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return String(iso);
  return zone === "local" ? LOCAL.format(time) : time.toISOString().slice(0, 19).replace("T", " ");
}

/** Read what is typed for a time: ISO 8601 or `-24h` for the server; null if it is none, "" if it is left open. */
export function typed(text, zone) {
  const plain = text.trim();
  if (!plain || plain.toLowerCase() === "now") return "";
  const relative = RELATIVE.exec(plain.toLowerCase());
  if (relative) return `-${relative[1]}${relative[2]}`;
  const found = ABSOLUTE.exec(plain);
  if (!found) return null;
  const [, day, minute = "00:00", second = ":00", offset] = found;
  const suffix = offset ? offset.toUpperCase() : zone === "local" ? "" : "Z";
  const time = new Date(`${day}T${minute}${second}${suffix}`);
  return Number.isNaN(time.getTime()) ? null : written(time);
}

/** Write a moment for the server. */
export function written(time) {
  return new Date(time).toISOString().replace(".000Z", "Z");
}

/** Give what one would type for a time of a view. */
export function asTyped(text, zone) {
  return !text || RELATIVE.test(text) ? text : moment(text, zone);
}

/** Say which range of time a view has. */
export function range({ since, until, zone }) {
  if (!since && !until) return "All time";
  const relative = RELATIVE.exec(since);
  if (relative && !until) {
    const [, count, unit] = relative;
    return `Last ${count === "1" ? UNITS[unit] : `${count} ${UNITS[unit]}s`}`;
  }
  const say = (text) => (RELATIVE.test(text) ? `${text.slice(1)} ago` : moment(text, zone));
  if (!since) return `Before ${say(until)}`;
  if (!until) return `From ${say(since)}`;
  const [from, to] = [say(since), say(until)];
  const sameDay = from.length > 11 && from.slice(0, 11) === to.slice(0, 11);
  return `${from} – ${sameDay ? to.slice(11) : to}`;
}

/** Say a stretch of time, of which the length tells how precisely. */
export function stretch(since, until, zone) {
  const [from, to] = [moment(since, zone), moment(until, zone)];
  const days = from.endsWith("00:00:00") && to.endsWith("00:00:00");
  const cut = (text) => (days ? text.slice(0, 10) : text.endsWith(":00") ? text.slice(0, 16) : text);
  const end = !days && from.slice(0, 10) === to.slice(0, 10) ? cut(to).slice(11) : cut(to);
  return `${cut(from)} to ${end}`;
}

/** Give the range of so many milliseconds before and after a moment. */
export function around(iso, milliseconds) {
  const time = new Date(iso).getTime();
  return { since: written(time - milliseconds), until: written(time + milliseconds) };
}

/** Say how long ago something was. */
export function ago(iso, now = Date.now()) {
  const length = now - new Date(iso).getTime();
  if (Number.isNaN(length)) return String(iso);
  const unit = ["w", "d", "h", "m"].find((each) => length >= 2 * LENGTHS[each]) ?? "s";
  return `${Math.max(0, Math.floor(length / LENGTHS[unit]))} ${UNITS[unit]}s ago`;
}

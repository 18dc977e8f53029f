// What the page shows is a view, and the page's address is the view: a link, a reload and Back show the same.

export const COLUMNS = [
  "event_time",
  "actor",
  "event_name",
  "resource_names",
  "source_ip_address",
  "error_code",
  "aws_region",
];
export const FACETS = [
  "outcome",
  "actor",
  "event_name",
  "source_ip_address",
  "error_code",
  "aws_region",
  "event_source",
];
export const NEWEST_FIRST = "event_time desc";
const PAGES = ["search", "questions", "status", "dead-letters"];
/** What is asked of the server, of which each has one text. */
const ASKED = { q: "", syntax: "simple", since: "", until: "", sort: NEWEST_FIRST };
/** What the page alone knows of. */
const SHOWN = { page: "search", event: "", zone: "utc", question: "" };

/** Give the view that shows everything. */
export function everything() {
  return { ...ASKED, ...SHOWN, filters: [], phrases: [], columns: COLUMNS, facets: FACETS, given: {} };
}

/** Read the view that an address says; what is not understood of it is left out. */
export function fromAddress(search) {
  const said = new URLSearchParams(search);
  const view = everything();
  for (const name of [...Object.keys(ASKED), ...Object.keys(SHOWN)]) {
    if (said.has(name)) view[name] = said.get(name);
  }
  if (!PAGES.includes(view.page)) view.page = SHOWN.page;
  if (view.syntax !== "native") view.syntax = ASKED.syntax;
  if (view.zone !== "local") view.zone = SHOWN.zone;
  view.filters = said.getAll("filter").map(read).filter(isFilter);
  view.phrases = said.getAll("phrase").filter(Boolean);
  for (const name of ["columns", "facets"]) {
    if (said.has(name)) view[name] = said.get(name).split(",").filter(Boolean);
  }
  if (!view.columns.length) view.columns = COLUMNS;
  const given = read(said.get("given"));
  if (given && typeof given === "object" && !Array.isArray(given)) view.given = given;
  return view;
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isFilter(filter) {
  const texts = (list) => Array.isArray(list) && list.every((each) => typeof each === "string");
  return (
    texts(filter?.fields) &&
    filter.fields.length > 0 &&
    ["is", "begins", "within", "exists", "like"].includes(filter.is) &&
    texts(filter.values ?? [])
  );
}

/** Write what a view asks of the server, as parameters. */
export function asParameters(view) {
  const parameters = new URLSearchParams();
  for (const name of Object.keys(ASKED)) {
    if (view[name] && view[name] !== ASKED[name]) parameters.set(name, view[name]);
  }
  if (view.syntax === ASKED.syntax) parameters.set("syntax", view.syntax);
  for (const filter of view.filters) parameters.append("filter", JSON.stringify(filter));
  for (const phrase of view.phrases) parameters.append("phrase", phrase);
  return parameters;
}

/** Write the address of a view. */
export function asAddress(view) {
  const parameters = asParameters(view);
  if (view.syntax === ASKED.syntax) parameters.delete("syntax");
  for (const name of Object.keys(SHOWN)) {
    if (view[name] && view[name] !== SHOWN[name]) parameters.set(name, view[name]);
  }
  for (const [name, usual] of [
    ["columns", COLUMNS],
    ["facets", FACETS],
  ]) {
    if (view[name].join() !== usual.join()) parameters.set(name, view[name].join());
  }
  if (Object.keys(view.given).length) parameters.set("given", JSON.stringify(view.given));
  const text = parameters.toString();
  return text ? `?${text}` : "?page=search";
}

/** Give what a view asks of the server as an object, as a question is saved. */
export function asObject(view) {
  const asked = {};
  for (const name of Object.keys(ASKED)) if (view[name]) asked[name] = view[name];
  return { ...asked, filter: view.filters, phrase: view.phrases };
}

/** Read a view that the server says as an object, and show it where `shown` was. */
export function fromObject(asked, shown) {
  const view = { ...everything(), zone: shown.zone, columns: shown.columns, facets: shown.facets };
  for (const name of [...Object.keys(ASKED), "event"]) if (asked[name]) view[name] = asked[name];
  const all = (value) => (value === undefined || value === null ? [] : [value].flat());
  view.filters = all(asked.filter)
    .map((each) => (typeof each === "string" ? read(each) : each))
    .filter(isFilter);
  view.phrases = all(asked.phrase);
  if (asked.columns) view.columns = [asked.columns].flat().join().split(",").filter(Boolean);
  return view;
}

/** Tell whether a view asks for anything beside a range of time. */
export function isNarrow(view) {
  return Boolean(view.q || view.filters.length || view.phrases.length);
}

/** Give a view of nothing but one filter, in the same range of time: where an investigation goes on. */
export function only(view, filter) {
  return { ...view, ...cleared(), filters: [filter], event: "", page: "search" };
}

/** Give what a view has after its words and filters are taken away. */
export function cleared() {
  return { q: "", syntax: ASKED.syntax, filters: [], phrases: [] };
}

export function having(fields, value, negated = false) {
  return { fields: [fields].flat(), is: "is", values: [value], not: negated };
}

const same = (one, other) =>
  one.fields.join() === other.fields.join() && one.is === other.is && Boolean(one.not) === Boolean(other.not);

/** Tell whether a view has a filter of a field for a value: "only", "not", or nothing. */
export function chosen(view, field, value) {
  const found = view.filters.find(
    (each) => each.is === "is" && each.fields.join() === field && each.values.includes(value),
  );
  if (!found) return "";
  return found.not ? "not" : "only";
}

/**
 * Give a view with one value of a field more, or less if it was there.
 *
 * Values of a field that has one each are alternatives; of one that has several, each narrows further.
 */
export function withValue(view, field, value, { negated = false, several = false } = {}) {
  const before = chosen(view, field, value);
  let filters = view.filters
    .map((each) =>
      each.is === "is" && each.fields.join() === field
        ? { ...each, values: each.values.filter((one) => one !== value) }
        : each,
    )
    .filter((each) => each.is === "exists" || each.values.length);
  if (before !== (negated ? "not" : "only")) {
    const added = having(field, value, negated);
    const joined = !several || negated ? filters.findIndex((each) => same(each, added)) : -1;
    filters =
      joined < 0
        ? [...filters, added]
        : filters.map((each, at) => (at === joined ? { ...each, values: [...each.values, value] } : each));
  }
  return { ...view, filters, event: view.event };
}

/** Give a view with words more that records have one after the other, or less if they were there. */
export function withPhrase(view, phrase, negated = false) {
  if (negated) return withValue(view, "raw", phrase, { negated });
  const phrases = view.phrases.includes(phrase)
    ? view.phrases.filter((each) => each !== phrase)
    : [...view.phrases, phrase];
  return { ...view, phrases };
}

// What is typed into the search bar: words, and `field:value` among them.

const TOKEN = /(-?)([a-z_]+):(?:"([^"]*)"|(\S*))|"[^"]*"|\S+/g;
const NETWORK = /^[0-9a-f.:]+\/\d{1,3}$/i;

/** Take what is typed apart: words that stay words, and filters of fields that there are. */
export function takeApart(text, fields) {
  const words = [];
  const filters = [];
  for (const found of text.matchAll(TOKEN)) {
    const [token, not, name, quoted, plain] = found;
    const field = name && fields.find((each) => each.name === name);
    const value = quoted ?? plain;
    if (field && value && field.kind !== "time")
      filters.push(asFilter(field, value, not === "-", quoted !== undefined));
    else words.push(token);
  }
  return { words: words.join(" "), filters };
}

function asFilter(field, value, not, quoted) {
  const fields = [field.name];
  if (!quoted && value === "*") return { fields, is: "exists", values: [], not };
  if (!quoted && value.endsWith("*")) return { fields, is: "begins", values: [value.slice(0, -1)], not };
  if (field.address && NETWORK.test(value)) return { fields, is: "within", values: [value], not };
  return { fields, is: "is", values: [value], not };
}

/** Find what is being typed at a place of a text: its beginning, and the field and value as far as they are there. */
export function tokenAt(text, at) {
  const before = text.slice(0, at);
  const quoted = /(?:^|\s)(-?)([a-z_]+):"([^"]*)$/.exec(before);
  if (quoted) return found(quoted, before, quoted[3]);
  const valued = /(?:^|\s|\()(-?)([a-z_]+):(\S*)$/.exec(before);
  if (valued) return found(valued, before, valued[3]);
  const named = /(?:^|\s|\()(-?)([a-z_]*)$/.exec(before);
  return named ? { ...found(named, before), value: null } : null;
}

function found(match, before, value) {
  const [, not, field] = match;
  const length = match[0].replace(/^[\s(]/, "").length;
  return { start: before.length - length, not: not === "-", field, value };
}

/** Say a filter in words. */
export function described(filter) {
  const name = filter.fields.join(" or ");
  const not = filter.not ? "not " : "";
  if (filter.is === "exists") return `${name} is ${filter.not ? "absent" : "there"}`;
  const verbs = { is: "is", begins: "begins with", within: "is within", like: "is like" };
  return `${name} ${verbs[filter.is]} ${not}${filter.values.join(" or ")}`;
}

/** Write a field and a value in a backend's own query language. */
export function inNative(backend, name, value) {
  if (backend === "cloudsearch") return `${name}:'${value.replace(/[\\']/g, "\\$&")}'`;
  return `${name}:"${value.replace(/[\\"]/g, "\\$&")}"`;
}

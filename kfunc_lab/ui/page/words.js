// Sentences with places to fill.

/**
 * Fills places such as `{name}`, in one pass: a value that looks like a place is not filled again.
 *
 * @param {string} template
 * @param {Record<string, unknown>} values
 */
export function filled(template, values) {
  return template.replace(/\{(\w+)\}/g, (_place, name) => String(values[name] ?? ""));
}

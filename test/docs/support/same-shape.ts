/** Values that differ from check to check. */
const anyValue = /\.(expected|actual)$/;

/** Objects whose keys are names of the target: a page shows some of them. */
const openKeys = /\.tables$/;

/**
 * Where the shape of a document differs from the one a page shows: keys that are missing or not documented, values of another
 * type. What one of them has empty or null says nothing.
 *
 * @returns one line a difference, by path
 */
export function shapeDifferences(shown: unknown, printed: unknown, path = "$"): string[] {
  if (shown === null || printed === null || anyValue.test(path)) return [];
  if (Array.isArray(shown) && Array.isArray(printed)) {
    if (shown.length === 0 || printed.length === 0) return [];
    return shapeDifferences(shown[0], printed[0], `${path}[]`);
  }
  if (typeof shown !== typeof printed || Array.isArray(shown) !== Array.isArray(printed))
    return [`${path} is shown as ${typeof shown} and is ${typeof printed}`];
  if (typeof shown !== "object" || typeof printed !== "object") return [];
  const [page, here] = [shown as Record<string, unknown>, printed as Record<string, unknown>];
  return [
    ...Object.keys(page)
      .filter((key) => !Object.hasOwn(here, key))
      .map((key) => `${path}.${key} is shown and not printed`),
    ...Object.keys(here)
      .filter((key) => !Object.hasOwn(page, key) && !openKeys.test(path))
      .map((key) => `${path}.${key} is printed and not shown`),
    ...Object.keys(page)
      .filter((key) => Object.hasOwn(here, key))
      .flatMap((key) => shapeDifferences(page[key], here[key], `${path}.${key}`)),
  ];
}

const lineBreaks = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu;

/** Control characters, lone surrogates, non-characters and the marks that reorder the text around them. */
const hidden = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * One line of text that a terminal, an XML parser and a reader all see alike. Report texts carry values that came from
 * bundles and databases: an escape sequence must not recolour a FAIL, nor a line break forge a PASS line.
 * Breaks and tabs become one space, every other hidden character becomes U+FFFD so that its presence still shows.
 */
export function printable(text: string): string {
  return text.replace(lineBreaks, " ").replace(hidden, "\ufffd");
}

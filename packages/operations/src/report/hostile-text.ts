import fc from "fast-check";

/** Texts made of what means something to Markdown, HTML, XML or a terminal, for property tests of the renderers. */
export const hostileText: fc.Arbitrary<string> = fc.string({
  maxLength: 12,
  unit: fc.oneof(
    fc.constantFrom(..."|`*_[]()<>&#!~$\\-+=:;.'\"/{}^@ \t\n\r1a"),
    fc.constantFrom(
      "]]>",
      "<!--",
      "-->",
      "</td>",
      "<b>",
      "&lt;",
      "&#60;",
      "https://",
      "\\|",
      "~~",
      "**",
      "```",
      "---",
      "1. ",
    ),
    fc.constantFrom("\0", "\u001b[31m", "\u0085", "\u2028", "\u202e", "\ud800", "\ufffe", "é", "日本", "👩‍🚀"),
  ),
});

import { S3Error } from "./errors.ts";

/** The little XML that S3 speaks: elements and text, no attributes but the namespace, no mixed content. */
export interface Element {
  readonly name: string;
  readonly children: readonly Element[];
  readonly text: string;
}

export function element(name: string, children: readonly Element[]): Element {
  return { name, children, text: "" };
}

export function text(name: string, value: string | number | boolean): Element {
  return { name, children: [], text: String(value) };
}

function escapeXml(value: string): string {
  return value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\r", "&#13;");
}

function render(node: Element): string {
  return `<${node.name}>${node.children.length > 0 ? node.children.map(render).join("") : escapeXml(node.text)}</${node.name}>`;
}

/** A document with S3's namespace on its root. */
export function toXml(root: Element): string {
  const body = render(root);
  const open = root.name === "Error" ? body : body.replace(">", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/">');
  return `<?xml version="1.0" encoding="UTF-8"?>\n${open}`;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeXml(value: string): string {
  return value.replace(/&(#x[0-9a-f]+|#[0-9]+|[a-z]+);/gi, (_, entity: string) => {
    if (entity.startsWith("#x")) return String.fromCodePoint(Number.parseInt(entity.slice(2), 16));
    if (entity.startsWith("#")) return String.fromCodePoint(Number(entity.slice(1)));
    const known = ENTITIES[entity];
    if (known === undefined) throw malformed();
    return known;
  });
}

function malformed(): S3Error {
  return new S3Error(
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
  );
}

/** Parses a request document; anything but elements and text is malformed. */
export function parseXml(source: string, rootName: string): Element {
  const tokens = source.replace(/^\ufeff?\s*<\?xml[^>]*\?>/, "").match(/<[^>]*>|[^<]+/g) ?? [];
  const open: { name: string; children: Element[]; text: string }[] = [{ name: "", children: [], text: "" }];
  for (const token of tokens) {
    const top = open.at(-1)!;
    const tag = /^<(\/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>$/.exec(token);
    if (!token.startsWith("<")) top.text += unescapeXml(token);
    else if (tag === null) throw malformed();
    else if (tag[1] === "/") {
      open.pop();
      if (top.name !== tag[2] || open.length === 0) throw malformed();
      open.at(-1)!.children.push({ ...top, text: top.children.length > 0 ? "" : top.text });
    } else if (tag[4] === "/") top.children.push({ name: tag[2]!, children: [], text: "" });
    else open.push({ name: tag[2]!, children: [], text: "" });
  }
  const root = open[0]!.children[0];
  if (open.length !== 1 || open[0]!.children.length !== 1 || root === undefined || root.name !== rootName) {
    throw malformed();
  }
  return root;
}

export function childText(node: Element, name: string): string | undefined {
  return node.children.find((child) => child.name === name)?.text;
}

export function requiredText(node: Element, name: string): string {
  const value = childText(node, name);
  if (value === undefined || value === "") throw malformed();
  return value;
}

/** Refuses a document with elements S3 does not know at this place. */
export function assertOnly(node: Element, names: readonly string[]): void {
  if (node.children.some((child) => !names.includes(child.name))) throw malformed();
}

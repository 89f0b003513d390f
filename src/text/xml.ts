/**
 * The part of XML that programs write their answers in: elements, attributes, text, comments.
 * @module
 */

/** One element. */
export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  children: (XmlElement | string)[];
}

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  apos: "'",
  gt: ">",
  lt: "<",
  quot: '"',
};

function decode(text: string): string {
  return text.replaceAll(/&(#x?)?(\w+);/g, (whole, mark: string | undefined, name: string) => {
    if (mark === undefined) return entities[name] ?? whole;
    const code = Number.parseInt(name, mark === "#x" ? 16 : 10);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function attributesOf(text: string): Record<string, string> {
  const found = [...text.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)];
  return Object.fromEntries(
    found.map(([, name, double, single]) => [name!, decode(double ?? single ?? "")]),
  );
}

const token =
  /<!--[^]*?-->|<!\[CDATA\[([^]*?)\]\]>|<[?!][^>]*>|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|[^<]+/g;

/** Elements within elements at most; deeper ones are refused. */
const maxDepth = 200;

/**
 * Reads a document. What stands before its first element is left out.
 * @throws SyntaxError when there is no element, or tags do not fit together.
 */
export function parseXml(text: string): XmlElement {
  const top: XmlElement = { name: "", attributes: {}, children: [] };
  const open = [top];
  for (const [part, cdata, closed, opened, attributes, empty] of text.matchAll(token)) {
    const current = open.at(-1)!;
    if (cdata !== undefined) current.children.push(cdata);
    else if (closed !== undefined) {
      if (current === top || current.name !== closed) {
        throw new SyntaxError(`Cannot parse XML: "</${closed}>" ends nothing`);
      }
      open.pop();
    } else if (opened !== undefined) {
      const element = { name: opened, attributes: attributesOf(attributes ?? ""), children: [] };
      current.children.push(element);
      if (empty !== "/") open.push(element);
      if (open.length > maxDepth) throw new SyntaxError("Cannot parse XML: too deep");
    } else if (!part.startsWith("<") && current !== top) current.children.push(decode(part));
  }
  const root = top.children.find((child) => typeof child !== "string");
  if (root === undefined || open.length > 1) {
    throw new SyntaxError("Cannot parse XML: it has no element, or is not whole");
  }
  return root as XmlElement;
}

/** All elements of a name within one, in order. */
export function elementsOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((child) => {
    if (typeof child === "string") return [];
    return [...(child.name === name ? [child] : []), ...elementsOf(child, name)];
  });
}

/** The text right within an element. */
export function textOf(element: XmlElement): string {
  return element.children.filter((child) => typeof child === "string").join("");
}

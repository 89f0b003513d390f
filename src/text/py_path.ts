/**
 * Paths as Python's `posixpath` sees them; Node's differ in details that users see.
 * @module
 */

/** `os.path.join`: a part that begins with a slash starts anew. */
export function joinPath(first: string, ...rest: readonly string[]): string {
  let path = first;
  for (const part of rest) {
    if (part.startsWith("/")) path = part;
    else if (path === "" || path.endsWith("/")) path += part;
    else path += `/${part}`;
  }
  return path;
}

/** `os.path.normpath`: without `.`, `..` and doubled slashes where they can be worked out. */
export function normPath(path: string): string {
  if (path === "") return ".";
  const root = /^\/\/(?!\/)/.test(path) ? "//" : path.startsWith("/") ? "/" : "";
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    const canGoUp = parts.length > 0 && parts.at(-1) !== "..";
    if (part !== ".." || (root === "" && !canGoUp)) parts.push(part);
    else if (canGoUp) parts.pop();
  }
  return root + parts.join("/") || ".";
}

/** `os.path.split`: what is before the last slash, and what is behind it. */
export function splitPath(path: string): [head: string, tail: string] {
  const at = path.lastIndexOf("/") + 1;
  const head = path.slice(0, at);
  return [/[^/]/.test(head) ? head.replace(/\/+$/, "") : head, path.slice(at)];
}

/** `os.path.basename`. */
export function baseName(path: string): string {
  return splitPath(path)[1];
}

/** `os.path.dirname`. */
export function dirName(path: string): string {
  return splitPath(path)[0];
}

/** Columns that an expression of one table names, told by their names: there is nothing else that it could name. */

interface Node {
  readonly op?: string;
  readonly name?: { readonly parts?: readonly string[] };
}

/** Names of the columns in a source expression. */
export function columnsNamedIn(source: unknown): Set<string> {
  const found = new Set<string>();
  visit(source, found);
  return found;
}

function visit(node: unknown, found: Set<string>): void {
  if (Array.isArray(node)) for (const item of node) visit(item, found);
  if (typeof node !== 'object' || node === null) return;
  const { op, name } = node as Node;
  const last = op === 'column' ? name?.parts?.at(-1) : undefined;
  if (last !== undefined) found.add(last);
  for (const value of Object.values(node)) if (typeof value === 'object') visit(value, found);
}

/** The same expression with other names for columns and, where they are qualified, for the table. */
export function withNames<Source>(
  source: Source,
  columns: ReadonlyMap<string, string>,
  table: ReadonlyMap<string, string>,
): Source {
  if (Array.isArray(source)) return source.map((item) => withNames(item, columns, table)) as Source;
  if (typeof source !== 'object' || source === null) return source;
  const copy = Object.fromEntries(Object.entries(source).map(([key, value]) => [key, withNames(value, columns, table)]));
  const { op, name } = copy as Node;
  if (op !== 'column' || name?.parts === undefined) return copy as Source;
  const parts = name.parts.map((part, at, all) =>
    at === all.length - 1 ? (columns.get(part) ?? part) : at === all.length - 2 ? (table.get(part) ?? part) : part,
  );
  return { ...copy, name: { ...name, parts } } as Source;
}

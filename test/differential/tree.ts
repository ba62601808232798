/**
 * Statements as trees of text, so that a generated one can be written in two ways (literals, parameters) and made smaller when it
 * fails.
 */

/** A value of a generated statement: its type, and its text; null is NULL. */
export interface GivenValue {
  readonly type: string;
  text: string | null;
  /** The type follows from where it stands: written without a cast. */
  readonly bare: boolean;
}

export interface Tree {
  /** Trees of one type may stand for each other; '' is structure. */
  readonly type: string;
  parts: (string | Tree)[];
  readonly value: GivenValue | null;
  /** May be left out. */
  readonly optional: boolean;
}

export const tree = (type: string, ...parts: (string | Tree)[]): Tree => ({ type, parts, value: null, optional: false });
/** Part of a statement that may be left out. */
export const optional = (...parts: (string | Tree)[]): Tree => ({ type: '', parts, value: null, optional: true });
export const given = (type: string, text: string | null, bare = false): Tree => ({
  type,
  parts: [],
  value: { type, text, bare },
  optional: false,
});

/** Trees with a text between them; all but one may be left out where `shrinks` is set. */
export function joined(items: readonly (string | Tree)[], between = ', ', shrinks = false): Tree {
  const parts: (string | Tree)[] = [];
  items.forEach((item, at) => {
    if (at === 0) parts.push(item);
    else if (shrinks) parts.push(optional(between, item));
    else parts.push(between, item);
  });
  return tree('', ...parts);
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Characters of a type's name without modifiers. */
export const bareType = (type: string): string => type.replace(/\(.*/, '');

function literal({ type, text, bare }: GivenValue): string {
  if (text === null) return bare ? 'null' : `null::${type}`;
  const isPlain =
    (type === 'int4' && /^\d{1,9}$/.test(text)) ||
    (type === 'numeric' && /^\d+\.\d+$/.test(text)) ||
    (type === 'bool' && /^(true|false)$/.test(text));
  if (isPlain) return text;
  return bare ? quoted(text) : `${quoted(text)}::${type}`;
}

/** Text with the values in it. */
export function withLiterals(node: string | Tree): string {
  if (typeof node === 'string') return node;
  return node.value !== null ? literal(node.value) : node.parts.map(withLiterals).join('');
}

/** Text with $1, $2 ... and the values for them. */
export function withParameters(node: Tree): { readonly text: string; readonly values: GivenValue[] } {
  const values: GivenValue[] = [];
  const write = (one: string | Tree): string => {
    if (typeof one === 'string') return one;
    if (one.value === null) return one.parts.map(write).join('');
    // A value that stands twice is one parameter: a group key and the same expression among the items are one expression.
    let at = values.indexOf(one.value);
    if (at < 0) at = values.push(one.value) - 1;
    return one.value.bare ? `$${at + 1}` : `$${at + 1}::${one.value.type}`;
  };
  return { text: write(node), values };
}

export function* nodesOf(node: Tree): Generator<Tree> {
  yield node;
  for (const part of node.parts) if (typeof part !== 'string') yield* nodesOf(part);
}

/** A copy that has its own values; what is shared in one is shared in the other. */
export function copyOf(node: Tree, copies = new Map<Tree, Tree>()): Tree {
  let copy = copies.get(node);
  if (copy === undefined) {
    const parts = node.parts.map((part) => (typeof part === 'string' ? part : copyOf(part, copies)));
    copy = { ...node, parts, value: node.value === null ? null : { ...node.value } };
    copies.set(node, copy);
  }
  return copy;
}

const replaced = (node: Tree, from: Tree, to: Tree): Tree =>
  node === from ? to : { ...node, parts: node.parts.map((part) => (typeof part === 'string' ? part : replaced(part, from, to))) };

const SIMPLE: { readonly [type: string]: string } = { int2: '1', int4: '1', int8: '1', numeric: '1.5', text: 'a', bool: 'true' };

/** Trees that are a step smaller: a part left out, an expression in the place of one that holds it. */
export function* smaller(whole: Tree): Generator<Tree> {
  for (const node of nodesOf(whole)) {
    if (node.optional && node.parts.length > 0) yield replaced(whole, node, { ...node, parts: [] });
    if (node.type === '' || node.value !== null) continue;
    const within = [...nodesOf(node)].filter((inner) => inner !== node && inner.type === node.type);
    for (const inner of within) yield replaced(whole, node, inner);
    const simple = SIMPLE[node.type];
    if (within.length === 0 && simple !== undefined && node.parts.length > 1)
      yield replaced(whole, node, given(node.type, simple));
  }
  for (const node of nodesOf(whole)) {
    if (node.value === null || node.value.text === null) continue;
    const { text } = node.value;
    if (text.length > 12) {
      yield replaced(whole, node, given(node.type, text.slice(0, text.length / 2), node.value.bare));
      yield replaced(whole, node, given(node.type, text.slice(text.length / 2), node.value.bare));
    }
  }
}

/** Expressions of the catalog as text: as they were written, or as their dialect shows them (CatalogSession.shows). */

import type { SqlType } from '../sblr/types.ts';
import type { CatalogTable, StoredExpression } from './objects.ts';
import type { SessionReader } from './reader.ts';

/** What an expression is of. */
export interface ExpressionPlace {
  readonly purpose: 'check' | 'default' | 'index' | 'generated';
  /** Whose columns it names; null: none, or VALUE of a domain of the type. */
  readonly table: CatalogTable | null;
  /** The type that it becomes, or that of VALUE. */
  readonly type: SqlType | null;
}

/** With all parentheses, and with those that are needed; a call needs none around it. */
export interface ExpressionText {
  readonly plain: string;
  readonly pretty: string;
  readonly isCall: boolean;
}

/** Shows expressions; null: as they were written. */
export type ShowExpression = (reader: SessionReader, stored: StoredExpression, place: ExpressionPlace) => ExpressionText | null;

const ALONE = ['column', 'call', 'constant', 'valueFunction', 'cast', 'special', 'typedLiteral'];

export function expressionShown(reader: SessionReader, stored: StoredExpression, place: ExpressionPlace): ExpressionText {
  const { source, text } = stored;
  const seen = stored.routines === undefined ? stored : { ...stored, source: withoutSchemas(source, reader) };
  const shown = reader.session.shows?.(reader, seen, place) ?? null;
  if (shown !== null) return shown;
  return { plain: ALONE.includes(source.op) ? text : `(${text})`, pretty: text, isCall: source.op === 'call' };
}

/** Functions that the search path finds are shown without their schemas. */
function withoutSchemas<Node>(node: Node, reader: SessionReader): Node {
  if (Array.isArray(node)) return node.map((one) => withoutSchemas(one, reader)) as Node;
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withoutSchemas(value, reader)]));
  if (copy.op !== 'call' || copy.name.parts.length !== 2) return copy as Node;
  const { name } = copy;
  const [schema, own] = name.parts;
  if (!reader.findRoutines(null, own).some((one) => one.schema === schema)) return copy as Node;
  return { ...copy, name: { ...name, parts: [own], quoted: [name.quoted[1]] } } as Node;
}

/**
 * Both texts as one value of type pg_node_tree, which pg_get_expr() takes apart: nobody reads it himself.
 */
export const treeOf = ({ plain, pretty }: ExpressionText): string => (plain === pretty ? plain : `${plain}${BETWEEN}${pretty}`);

const BETWEEN = '\u0001';

/** The text of a tree: plain, or pretty. */
export function treeText(tree: string, pretty: boolean): string {
  const at = tree.indexOf(BETWEEN);
  return at < 0 ? tree : pretty ? tree.slice(at + 1) : tree.slice(0, at);
}

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
  const shown = reader.session.shows?.(reader, stored, place) ?? null;
  if (shown !== null) return shown;
  return { plain: ALONE.includes(source.op) ? text : `(${text})`, pretty: text, isCall: source.op === 'call' };
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

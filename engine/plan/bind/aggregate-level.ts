/**
 * To which block an aggregate belongs (SBLR-N5): the innermost one that owns a column in its arguments; without a column the one that
 * it stands in. It is bound where it stands first, and once more in the block that it turns out to belong to; there its value is a
 * column, which is entered into the blocks between.
 */

import type { BoundColumn, BoundExpression } from '../../sblr/bound.ts';
import { type Clause, columnNode } from './clause.ts';
import type { OuterScope } from './scope.ts';
import { walkExpression } from './tree.ts';

/** How many blocks further out the owner of a column is; null: no block's. */
function levelOf(column: number, from: Clause): number | null {
  let clause = from;
  let id = column;
  for (let level = 0; ; level++) {
    if (clause.aggregates?.owns(id) || clause.scope.relations.some(({ columns }) => columns.some((one) => one.column === id)))
      return level;
    const { outer } = clause.scope;
    const origin = outer === null ? null : outer.origin(id);
    if (outer === null || origin === null) return null;
    clause = outer.clause;
    id = origin;
  }
}

/** How many blocks further out these expressions belong. */
export function levelOfAll(expressions: readonly BoundExpression[], clause: Clause): number {
  if (clause.scope.outer === null) return 0;
  let level = Number.POSITIVE_INFINITY;
  for (const expression of expressions)
    walkExpression(expression, (node) => {
      if (node.op === 'column') level = Math.min(level, levelOf(node.column, clause) ?? level);
      return true;
    });
  return level === Number.POSITIVE_INFINITY ? 0 : level;
}

function chain(clause: Clause): OuterScope[] {
  const { outer } = clause.scope;
  return outer === null ? [] : [outer, ...chain(outer.clause)];
}

/** The clause of the block so many blocks further out. */
export const blockAt = (clause: Clause, level: number): Clause => (level === 0 ? clause : chain(clause)[level - 1].clause);

/** What has been entered by now; calling it forgets what has been entered since. */
export function remembered(clause: Clause): () => void {
  const lengths = chain(clause).map(({ entries }) => ({ entries, length: entries.length }));
  return () => {
    for (const { entries, length } of lengths) entries.length = length;
  };
}

/** A column that `bind` makes in the block `level` blocks further out, as it is read where the clause stands. */
export function boundOutside(
  clause: Clause,
  level: number,
  at: number,
  bind: (owner: Clause) => BoundExpression,
): BoundExpression {
  const links = chain(clause).slice(0, level);
  const made = bind(links[level - 1].clause) as BoundColumn;
  const start = { name: '', column: made.column, type: made.type, table: 0, attribute: 0 };
  const { column, type } = links.reduceRight((found, link) => link.enter(found, at), start);
  return columnNode(column, type, at, clause.state);
}

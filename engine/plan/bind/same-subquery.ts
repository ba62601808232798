/**
 * When two subqueries are the same: their trees are, with the ids of one put for those of the other. Ids that neither makes (there are
 * none, for subqueries are closed) would have to be equal.
 */

import type { BoundExpression, BoundSubquery } from '../../sblr/bound.ts';
import { sameExpression } from './same.ts';
import type { BindState } from './state.ts';

/** Fields whose numbers are ids of columns, of locals, of WITH's relations and of recursions. */
const IDS: ReadonlySet<string> = new Set([
  'column',
  'columns',
  'rowId',
  'mark',
  'ordinality',
  'source',
  'left',
  'right',
  'base',
  'step',
  'local',
  'cte',
  'work',
]);
/** Where something stands is no part of what it is. */
const PLACES: ReadonlySet<string> = new Set(['at', 'alias']);

class Comparison {
  private readonly state: BindState;
  /** Ids of the first by those of the second, and back. */
  private readonly ids = new Map<string, number>();

  constructor(state: BindState) {
    this.state = state;
  }

  private sameId(field: string, a: number, b: number): boolean {
    const kind = field === 'local' || field === 'cte' || field === 'work' ? field : 'column';
    const [there, back] = [`${kind} ${a}`, `${kind} back ${b}`];
    if (!this.ids.has(there) && !this.ids.has(back)) this.ids.set(there, b).set(back, a);
    return this.ids.get(there) === b && this.ids.get(back) === a;
  }

  same(field: string, a: unknown, b: unknown): boolean {
    if (typeof a === 'number' && typeof b === 'number') return IDS.has(field) ? this.sameId(field, a, b) : a === b;
    if (Array.isArray(a) && Array.isArray(b))
      return a.length === b.length && a.every((one, index) => this.same(field, one, b[index]));
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
    const [first, second] = [a, b] as [BoundExpression, BoundExpression];
    const isLeaf = (op: string): boolean => op === 'parameter' || op === 'constant';
    if (isLeaf(first.op) && isLeaf(second.op)) return sameExpression(first, second, this.state);
    const keys = Object.keys(a).filter((key) => !PLACES.has(key));
    return (
      keys.length === Object.keys(b).filter((key) => !PLACES.has(key)).length &&
      keys.every((key) => this.same(key, (a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
    );
  }

  /** What both read of the blocks around them: compared there, not as ids of their own. */
  outer(a: BoundSubquery, b: BoundSubquery): boolean {
    return (
      a.outer.length === b.outer.length &&
      a.outer.every(
        (one, index) =>
          sameExpression(one.expression, b.outer[index].expression, this.state) &&
          this.sameId('column', one.column, b.outer[index].column),
      )
    );
  }
}

export function sameSubquery(a: BoundSubquery, b: BoundSubquery, state: BindState): boolean {
  const comparison = new Comparison(state);
  if (a.kind !== b.kind || !comparison.outer(a, b) || !comparison.same('relation', a.relation, b.relation)) return false;
  return comparison.same('columns', a.columns, b.columns) && comparison.same('condition', a.condition, b.condition);
}

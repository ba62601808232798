/** What a WHEN of MERGE says: its condition, the values that UPDATE sets, the row that INSERT makes. */

import type { CatalogColumn } from '../../catalog/objects.ts';
import type { BoundExpression, BoundNewRow, ColumnId } from '../../sblr/bound.ts';
import type { SourceMergeWhen } from '../../sblr/source.gen.ts';
import { bindSet } from './change.ts';
import { type Clause, clauseOf } from './clause.ts';
import { castAssign, toBoolean } from './coerce.ts';
import { bindExpr } from './expressions.ts';
import { takesValue } from './insert.ts';
import type { Scope } from './scope.ts';
import type { BindState } from './state.ts';
import { bindNewRow, defaultValue, type GivenRow } from './stored.ts';
import { mayGive, type Target } from './update.ts';

/** A MERGE whose rows are known: each row of the source beside one of the target, or alone. */
export interface Merged {
  readonly whens: readonly SourceMergeWhen[];
  /** As it is beside rows that may be alone. */
  readonly target: Target;
  /** What a WHEN MATCHED sees, and what a WHEN NOT MATCHED does. */
  readonly matched: Scope;
  readonly alone: Scope;
  /** Those that an INSERT names. */
  readonly columnsOf: (when: SourceMergeWhen) => CatalogColumn[];
  /** NULL where a row of the source is alone. */
  readonly present: ColumnId;
  readonly at: number;
  readonly state: BindState;
}

const clause = ({ matched }: SourceMergeWhen, merged: Merged, name: string): Clause =>
  clauseOf(merged.state, matched ? merged.matched : merged.alone, name);

export function whenCondition(when: SourceMergeWhen, merged: Merged): BoundExpression | null {
  if (when.condition === null) return null;
  const inside = clause(when, merged, 'MERGE WHEN conditions');
  return toBoolean(merged.state, bindExpr(when.condition, inside), 'WHEN', when.condition.at);
}

/** By attribute. */
export function setValues(when: SourceMergeWhen, merged: Merged): Map<number, BoundExpression> {
  const { target, state } = merged;
  const values = bindSet(when.set, target.table, clause(when, merged, 'UPDATE'));
  mayGive(target, 'update', [...values.keys()], state);
  return values;
}

export function insertedRow(when: SourceMergeWhen, merged: Merged, given: GivenRow = {}): BoundNewRow {
  const { state } = merged;
  const { table } = merged.target;
  const inside = clause(when, merged, 'VALUES');
  const columns = merged.columnsOf(when);
  const named = columns.map(({ number }) => number);
  mayGive({ table, through: null }, 'insert', named, state);
  const values = new Map<CatalogColumn, BoundExpression>();
  for (const [index, column] of columns.entries()) {
    const item = when.values[index];
    if (item.op === 'default' || !takesValue(column, when, item.at)) continue;
    values.set(column, castAssign(state, bindExpr(item, inside), column, item.at));
  }
  return bindNewRow(table, (column) => values.get(column) ?? defaultValue(column, state, when.at), state, given);
}

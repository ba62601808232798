/** Queries: blocks (select.ts, values.ts) and what puts them together. */

import type { BoundExpression, BoundQuery, BoundRelation, OutputColumn } from '../../sblr/bound.ts';
import type { SourceQuery } from '../../sblr/source.gen.ts';
import type { SqlType } from '../../sblr/types.ts';
import type { LockTarget } from './from.ts';
import type { OuterScope } from './scope.ts';
import { SelectBlock } from './select.ts';
import { bindSetOperation } from './set-operation.ts';
import type { BindState } from './state.ts';
import { bindValues } from './values.ts';
import { bindWith, type CteScope } from './with.ts';

/** Where a query stands. */
export interface QueryPlace {
  readonly state: BindState;
  readonly outer: OuterScope | null;
  /** The WITHs that it sees. */
  readonly ctes: CteScope | null;
  /** A block around it locks rows: tables give their row ids. */
  readonly rowIds: boolean;
  /** Items of no type stay so: what stands around says what they become. */
  readonly keepsUnknown: boolean;
}

/** A query as what stands around it takes it. */
export interface BoundBlock {
  readonly root: BoundRelation;
  readonly output: readonly OutputColumn[];
  /** Where each column stands in the text. */
  readonly places: readonly number[];
  /** Columns of no type yet, by their place; `output` has no column for them. */
  readonly untyped: ReadonlyMap<number, BoundExpression>;
  /** What FOR UPDATE of a block around it locks; `notLocked` says why it may not. */
  readonly locks: readonly LockTarget[];
  readonly notLocked: string | null;
}

/** Columns that take a query's rows (INSERT): items of no type become what those are. */
export type QueryTargets = readonly { readonly name: string; readonly type: SqlType }[];

export function bindBlock(source: SourceQuery, place: QueryPlace, targets: QueryTargets = []): BoundBlock {
  if (source.with !== null) {
    const { place: behind, around } = bindWith(source.with, place);
    const block = bindBlock({ ...source, with: null }, behind, targets);
    return { ...block, root: around(block.root) };
  }
  switch (source.op) {
    case 'setOperation':
      return bindSetOperation(source, place);
    case 'values':
      return bindValues(source, place);
    case 'select':
      return new SelectBlock(source, place, targets).bind();
  }
}

/** Where a statement's query stands. */
export const topPlace = (state: BindState, ctes: CteScope | null = null): QueryPlace => {
  return { state, outer: null, ctes, rowIds: false, keepsUnknown: false };
};

/** Binds a query that is a statement. */
export function bindQuery(source: SourceQuery, state: BindState): BoundQuery {
  const { root, output } = bindBlock(source, topPlace(state));
  return { kind: 'query', root, output };
}

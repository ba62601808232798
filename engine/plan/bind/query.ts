/** Queries: blocks (select.ts, values.ts) and what puts them together. */

import type { BoundQuery, BoundRelation, OutputColumn } from '../../sblr/bound.ts';
import type { SourceQuery } from '../../sblr/source.gen.ts';
import type { SqlType } from '../../sblr/types.ts';
import { unsupported } from './errors.ts';
import type { LockTarget } from './from.ts';
import type { OuterScope } from './scope.ts';
import { SelectBlock } from './select.ts';
import type { BindState } from './state.ts';
import { bindValues } from './values.ts';

/** Where a query stands. */
export interface QueryPlace {
  readonly state: BindState;
  readonly outer: OuterScope | null;
  /** A block around it locks rows: tables give their row ids. */
  readonly rowIds: boolean;
}

/** A query as what stands around it takes it. */
export interface BoundBlock {
  readonly root: BoundRelation;
  readonly output: readonly OutputColumn[];
  /** What FOR UPDATE of a block around it locks; `notLocked` says why it may not. */
  readonly locks: readonly LockTarget[];
  readonly notLocked: string | null;
}

/** Columns that take a query's rows (INSERT): items of no type become what those are. */
export type QueryTargets = readonly { readonly name: string; readonly type: SqlType }[];

export function bindBlock(source: SourceQuery, place: QueryPlace, targets: QueryTargets = []): BoundBlock {
  if (source.with !== null) throw unsupported('WITH is', source.with.at);
  if (source.op === 'setOperation') throw unsupported(`${source.kind.toUpperCase()} is`, source.at);
  if (source.ties) throw unsupported('FETCH ... WITH TIES is', source.limit?.at ?? source.at);
  return source.op === 'values' ? bindValues(source, place) : new SelectBlock(source, place, targets).bind();
}

/** Binds a query that is a statement, or that stands in one that is none. */
export function bindQuery(source: SourceQuery, state: BindState, targets: QueryTargets = []): BoundQuery {
  const { root, output } = bindBlock(source, { state, outer: null, rowIds: false }, targets);
  return { kind: 'query', root, output };
}

/** Queries: blocks (select.ts, values.ts) and what puts them together. */

import type { BoundQuery } from '../../sblr/bound.ts';
import type { SourceQuery } from '../../sblr/source.gen.ts';
import type { SqlType } from '../../sblr/types.ts';
import { unsupported } from './errors.ts';
import { SelectBlock } from './select.ts';
import type { BindState } from './state.ts';
import { bindValues } from './values.ts';

/** Columns that take a query's rows (INSERT): items of no type become what those are. */
export type QueryTargets = readonly { readonly name: string; readonly type: SqlType }[];

/** Binds a query. */
export function bindQuery(source: SourceQuery, state: BindState, targets: QueryTargets = []): BoundQuery {
  if (source.with !== null) throw unsupported('WITH is', source.with.at);
  if (source.op === 'setOperation') throw unsupported(`${source.kind.toUpperCase()} is`, source.at);
  if (source.ties) throw unsupported('FETCH ... WITH TIES is', source.limit?.at ?? source.at);
  return source.op === 'values' ? bindValues(source, state) : new SelectBlock(source, state, targets).bind();
}

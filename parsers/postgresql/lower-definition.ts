/** Constraints while they are read: they begin empty, the grammar fills in what it finds. */

import type { SourceConstraintNode, SourceName, SourceQuery } from '../../engine/sblr/source.gen.ts';
import { emptySelect } from './lower-query.ts';
import { identifier } from './render-names.ts';
import type { Writable } from './lower.ts';

export type WritableConstraint = Writable<SourceConstraintNode>;

export const constraintAt = (at: number): WritableConstraint => ({
  op: 'constraint',
  at,
  name: null,
  kind: 'null',
  expression: null,
  columns: [],
  nullsDistinct: true,
  table: null,
  referenced: [],
  onDelete: 'noAction',
  onUpdate: 'noAction',
  deferrable: false,
  initiallyDeferred: false,
  options: [],
  match: 'simple',
  deleteColumns: [],
  include: [],
  index: null,
  notValid: false,
});

/** CREATE RECURSIVE VIEW name (columns) AS query: WITH RECURSIVE name (columns) AS (query) SELECT columns FROM name. */
export function recursiveView(query: SourceQuery, name: SourceName, columns: readonly string[]): SourceQuery {
  const { at } = query;
  const own = name.parts[name.parts.length - 1];
  const quoted = (part: string): boolean => identifier(part) !== part;
  const plain = (part: string): SourceName => ({ op: 'name', at, parts: [part], quoted: [quoted(part)] });
  return {
    ...emptySelect(at),
    with: {
      ...{ op: 'with', at, recursive: true },
      items: [
        { op: 'cte', at, name: own, quoted: quoted(own), columns: [...columns], materialized: 'default', statement: query },
      ],
    },
    items: columns.map((column) => ({
      ...{ op: 'selectItem', at, alias: null, quoted: false },
      expression: { op: 'column', at, name: plain(column) },
    })),
    from: [{ op: 'tableRef', at, name: plain(own), alias: null, only: false, sample: null }],
  };
}

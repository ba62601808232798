/**
 * WITH RECURSIVE name AS (base UNION [ALL] step): the base says how many columns there are and of what types; the step reads them as the
 * rows that came last.
 */

import type { BoundRelation, OutputColumn } from '../../sblr/bound.ts';
import { shownType } from '../../sblr/resolve-type.ts';
import type { SourceCte, SourceQuery } from '../../sblr/source.gen.ts';
import { type SqlType, sqlType } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { fault } from './errors.ts';
import { type BoundBlock, bindBlock, type QueryPlace } from './query.ts';
import { mustBeWellFormed, notRecursive } from './recursion-form.ts';
import { bindColumns } from './set-operation.ts';
import type { BindState } from './state.ts';
import { bindWith, type CteEntry, cteColumns } from './with.ts';

export interface Recursion {
  readonly source: SourceCte;
  readonly name: string;
  readonly query: SourceQuery;
}

/** A column's type in every round: the base's, NULL or not, with whatever number of digits. */
function roundType(type: SqlType, state: BindState): SqlType {
  if (type.name === 'unknown') return sqlType(state.semantics.unknownBecomes);
  return type.length < 0 ? sqlType(type.name) : sqlType(type.name, true, type.length, type.scale);
}

/** The step may not widen what the base has begun with. 42804 */
function mustStay(name: string, index: number, base: SqlType, whole: SqlType, at: number, state: BindState): void {
  if (base.name === whole.name && base.length === whole.length) return;
  const [first, overall] = [base, whole].map((type) => shownType(type.name, state.semantics));
  throw fault(
    SQLSTATE.datatype_mismatch,
    `recursive query "${name}" column ${index + 1} has type ${first} in non-recursive term but type ${overall} overall`,
    at,
    'Cast the output of the non-recursive term to the correct type.',
  );
}

/** `placeOf`: where its terms stand; the second one sees the recursion itself under its name. */
export function bindRecursion(
  { source, name, query }: Recursion,
  placeOf: (own: CteEntry | null) => QueryPlace,
): Pick<BoundBlock, 'root' | 'output'> {
  if (query.op !== 'setOperation' || query.kind !== 'union') throw notRecursive(source, name);
  const { state } = placeOf(null);
  mustBeWellFormed(source, name, query, state.semantics);
  // Names of its own WITH are nearer than those beside it.
  const ctes = query.with === null ? null : bindWith(query.with, placeOf(null));
  const term = (part: SourceQuery, own: CteEntry | null): BoundBlock => {
    const place = placeOf(own);
    const inside = ctes?.place.ctes ?? null;
    const seen = inside === null ? place.ctes : { entries: inside.entries, outer: place.ctes };
    return bindBlock(part, { ...place, ctes: seen, keepsUnknown: true });
  };
  const base = term(query.left, null);
  const types = base.output.map(({ type }) => roundType(type, state));
  const output = base.output.map(({ name: own }, index): OutputColumn => {
    return { name: own, column: state.newColumn(), type: types[index], table: 0, attribute: 0 };
  });
  const work = state.newCte();
  const step = term(query.right, { kind: 'work', name, work, columns: cteColumns(source, name, output) });
  const bound = bindColumns('union', !query.all, [base, step], state);
  for (const [index, { type }] of bound.columns.entries()) mustStay(name, index, types[index], type, base.places[index], state);
  const columns = bound.columns.map(({ left, right }, index) => {
    return { column: output[index].column, base: left, step: right, type: types[index] };
  });
  const relation: BoundRelation = { op: 'recurse', work, base: bound.left, step: bound.right, all: query.all, columns };
  return { root: ctes === null ? relation : ctes.around(relation), output };
}

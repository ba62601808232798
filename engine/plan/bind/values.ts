/** VALUES as a query. */

import type { BoundRelation } from '../../sblr/bound.ts';
import type { SourceValuesNode } from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { sortKey } from './calls.ts';
import { type Clause, clauseOf, columnNode } from './clause.ts';
import { castCommon } from './coerce.ts';
import { fault } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { limited } from './limit.ts';
import { findByPosition } from './order.ts';
import type { Item } from './output.ts';
import type { BoundBlock, QueryPlace } from './query.ts';
import type { Scope } from './scope.ts';

/** VALUES as a query: column1, column2...; each of the common type of its rows. */
export function bindValues(source: SourceValuesNode, { state, outer, ctes }: QueryPlace): BoundBlock {
  const scope: Scope = { relations: [], outer, ctes };
  const clause = clauseOf(state, scope, 'VALUES');
  const rows = source.rows.map((row) => (row.op === 'row' ? row.items : [row]));
  const width = rows[0].length;
  const ragged = rows.findIndex((row) => row.length !== width);
  if (ragged >= 0)
    throw fault(SQLSTATE.syntax_error, 'VALUES lists must all be the same length', rows[ragged][0]?.at ?? source.at);
  const bound = rows.map((row) => row.map((item) => bindExpr(item, clause)));
  const columns = Array.from({ length: width }, (_, index) => {
    const places = rows.map((row) => row[index].at);
    const common = castCommon(
      state,
      bound.map((row) => row[index]),
      'VALUES',
      places,
    );
    return { column: state.newColumn(), ...common };
  });
  const relation: BoundRelation = {
    op: 'values',
    columns: columns.map(({ column, type }) => ({ column, type })),
    rows: rows.map((_, row) => columns.map(({ nodes }) => nodes[row])),
  };
  const output = columns.map(({ column, type }, index) => ({ name: `column${index + 1}`, column, type, table: 0, attribute: 0 }));
  const items: Item[] = output.map(({ name, column, type }) => ({
    node: columnNode(column, type, source.at, state),
    name,
    at: source.at,
    table: 0,
    attribute: 0,
  }));
  const root = source.order.length === 0 ? relation : sortValues(source, relation, items, clause);
  return {
    root: limited(root, source, clause),
    output,
    places: rows[0].map(({ at }) => at),
    untyped: new Map(),
    locks: [],
    notLocked: null,
  };
}

function sortValues(source: SourceValuesNode, input: BoundRelation, items: readonly Item[], around: Clause): BoundRelation {
  const { state } = around;
  const columns = items.map(({ name, node }) => ({
    name,
    column: (node as { column: number }).column,
    type: node.type,
    table: 0,
    attribute: 0,
  }));
  const relation = { alias: '*VALUES*', schema: null, name: '*VALUES*', columns, onRead: () => {} };
  const clause = clauseOf(state, { ...around.scope, relations: [relation] }, 'ORDER BY');
  const keys = source.order.map((item) => {
    const meant = findByPosition(item.expression, items, 'ORDER BY', state);
    return sortKey(item, meant?.node ?? bindExpr(item.expression, clause), state);
  });
  return { op: 'sort', input, keys };
}

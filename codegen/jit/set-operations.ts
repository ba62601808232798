/**
 * Set operations as other nodes: rows of both sides go through a Rename, which gives them the columns of the result, into one place.
 *
 *   UNION ALL   nothing more: two heads            UNION   a HashDistinct behind both
 *   others      the same, which count the rows of each side; SetCount makes rows of a group        groups may wait in files
 *
 * The sides may hold values differently (value.ts); behind a Rename they are all alike.
 */

import type { Compute, HashAggregate, HashSetOp } from '../../engine/plan/physical.ts';
import type { BoundAggregate, BoundExpression, ColumnId } from '../../engine/sblr/bound.ts';
import { type SqlType, sqlType } from '../../engine/sblr/types.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { isLongType, makeValue, notNullCode, slotCode, slotValue, type Value } from './value.ts';

/** Columns under other ids, in the type of the result. */
export interface Rename {
  readonly node: 'Rename';
  readonly columns: readonly { readonly column: ColumnId; readonly source: ColumnId; readonly type: SqlType }[];
}
/** Rows of INTERSECT and EXCEPT: as many of a group as the counts of its sides say. */
export interface SetCount {
  readonly node: 'SetCount';
  readonly kind: 'intersect' | 'except';
  readonly all: boolean;
  readonly left: ColumnId;
  readonly right: ColumnId;
}

const INT4 = sqlType('int4');
const INT8 = sqlType('int8', false);

/** What the rows of one side go through. */
export const renameOf = ({ columns }: HashSetOp, side: 'left' | 'right'): Rename => ({
  node: 'Rename',
  columns: columns.map((given) => ({ column: given.column, source: given[side], type: given.type })),
});

/** Groups of equal rows. */
export const unionGroups = (node: HashSetOp): HashAggregate => groupsOf(node, []);

const groupsOf = (node: HashSetOp, aggregates: readonly BoundAggregate[]): HashAggregate => ({
  node: 'HashAggregate',
  input: node,
  keys: node.columns.map(({ column, type }) => ({ column, expression: { op: 'column', column, type } })),
  aggregates,
  estimate: node.estimate,
});

/** Groups that count rows of both sides. `ids`: two ids that nobody has. */
export function countedGroups(
  node: HashSetOp,
  [left, right]: readonly [ColumnId, ColumnId],
): { groups: HashAggregate; marks: { left: Compute; right: Compute }; count: SetCount } {
  const { kind, all, estimate } = node;
  const counting = (column: ColumnId): BoundAggregate => ({
    column,
    primitive: 'count',
    arguments: [{ op: 'column', column, type: INT4 }],
    distinct: false,
    order: [],
    filter: null,
    type: INT8,
  });
  const groups = groupsOf(node, [counting(left), counting(right)]);
  const constant = (value: number | null): BoundExpression => ({ op: 'constant', value, type: INT4 });
  const mark = (isLeft: boolean): Compute => ({
    node: 'Compute',
    input: node,
    columns: [
      { column: left, expression: constant(isLeft ? 1 : null) },
      { column: right, expression: constant(isLeft ? null : 1) },
    ],
    estimate,
  });
  const count: SetCount = { node: 'SetCount', kind: kind === 'intersect' ? 'intersect' : 'except', all, left, right };
  return { groups, marks: { left: mark(true), right: mark(false) }, count };
}

/** The value in the form that every side can bring it in. */
export function commonValue(emitter: Emitter, value: Value, type: SqlType): Value {
  const nil = value.nil === 'false' && type.nullable ? emitter.hold('false') : value.nil;
  if (value.nil === 'true') return makeValue(value.rep, type, 'null', 'true');
  if (type.name === 'numeric' && value.rep === 'd') {
    emitter.needCalls();
    const text = makeValue('v', type, notNullCode(value, emitter.unit.use), nil);
    return slotValue(text, emitter.hold(slotCode(text)));
  }
  if (isLongType(type) && value.rep === 'd') return { ...value, type, nil, digits: 0 };
  return { ...value, type, nil, digits: type.digits };
}

/** Only what is read is brought into form. */
export function emitRename(emitter: Emitter, { columns }: Rename): void {
  const added = columns.map(({ column, source, type }): [ColumnId, ColumnReader] => {
    const reader = emitter.columns.get(source) as ColumnReader;
    return [column, (inner) => commonValue(inner, reader(inner), type)];
  });
  for (const [column, reader] of added) emitter.columns.set(column, reader);
}

/** Writes the step, and `rest` for each of its rows. */
export function emitSetCount(emitter: Emitter, step: SetCount, rest: () => void): void {
  const [left, right] = [step.left, step.right].map((column) => (emitter.columns.get(column) as ColumnReader)(emitter).code);
  const isIntersect = step.kind === 'intersect';
  if (!step.all) {
    emitter.emit(`if(${left}===0||${right}${isIntersect ? '===' : '!=='}0)break ${emitter.row};`);
    rest();
    return;
  }
  const times = emitter.hold(isIntersect ? `Math.min(${left},${right})` : `${left}-${right}`);
  const outside = { row: emitter.row, isMany: emitter.isMany };
  emitter.row = emitter.name('L');
  emitter.isMany = true;
  const at = emitter.name('q');
  const body = emitter.apart(rest);
  emitter.emit(`for(let ${at}=0;${at}<${times};${at}++){${emitter.row}:{${body}}if(c.finished)break;}`);
  emitter.row = outside.row;
  emitter.isMany = outside.isMany;
}

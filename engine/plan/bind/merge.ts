/** MERGE: the rows of a source, each with the rows of the target that go with it or alone, and what is done with either. */

import type { BoundExpression, BoundMerge, BoundMergeWhen, BoundRelation, BoundSpread, Right } from '../../sblr/bound.ts';
import type { SourceMergeNode, SourceMergeWhen } from '../../sblr/source.gen.ts';
import { type SqlType, sqlType, withNullable } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { clauseOf } from './clause.ts';
import { constantNode, toBoolean } from './coerce.ts';
import { fault, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { FromBinder, mustDiffer } from './from.ts';
import { insertDemands, targets } from './insert.ts';
import { familyMerge } from './merge-family.ts';
import { insertedRow, type Merged, setValues, whenCondition } from './merge-when.ts';
import { topPlace } from './query.ts';
import { policyChecks, type RowDemand, securedRow, withVisibleRows } from './row-security.ts';
import type { Scope } from './scope.ts';
import { BOOLEAN, type BindState } from './state.ts';
import { bindTarget, changedRow, type Target } from './update.ts';
import { bindWith } from './with.ts';

const RIGHTS: { readonly [action in SourceMergeWhen['action']]: readonly Right[] } = {
  nothing: [],
  update: ['update'],
  delete: ['delete'],
  insert: ['insert'],
};

/** 42601 */
function refuseUnreachable(whens: readonly SourceMergeWhen[]): void {
  for (const [index, { matched, condition }] of whens.entries()) {
    const next = whens.slice(index + 1).find((when) => when.matched === matched);
    if (condition === null && next !== undefined)
      throw fault(SQLSTATE.syntax_error, 'unreachable WHEN clause specified after unconditional WHEN clause', next.at);
  }
}

export function bindMerge(source: SourceMergeNode, state: BindState): BoundMerge | BoundSpread {
  refuseUnreachable(source.whens);
  const ctes = source.with === null ? null : bindWith(source.with, topPlace(state));
  const place = ctes?.place ?? topPlace(state);
  const rights = [...new Set(source.whens.flatMap(({ action }) => RIGHTS[action]))];
  const target = bindTarget(source.table, source.alias, rights, state, source.only, true);
  if (target.through !== null) throw unsupported('MERGE into a view is', source.table.at);
  const from = new FromBinder(place).list([source.source]);
  mustDiffer([target.relation], from.names, source.source.at);
  const around = { outer: null, ctes: place.ctes };
  const both: Scope = { relations: [target.relation, ...from.names], ...around };
  const condition = toBoolean(state, bindExpr(source.on, clauseOf(state, both, 'JOIN conditions')), 'JOIN/ON', source.on.at);
  const alone: Scope = { relations: from.names, ...around };
  const kind = source.whens.some(({ matched, action }) => !matched && action !== 'nothing') ? 'left' : 'inner';
  const joined = kind === 'left' ? mayLack(target) : target;
  const matched: Scope = { ...both, relations: [joined.relation, ...from.names] };
  const present = state.newColumn();
  const mark = constantNode(state, true, sqlType('bool', false), source.at);
  const right: BoundRelation = { op: 'project', input: target.rows, columns: [{ column: present, expression: mark }] };
  // Rows of the source that are alone are of use only where something is done with them.
  const root: BoundRelation = { op: 'join', kind, left: from.relation, right, condition, lateral: false, mark: -1 };
  const columnsOf = (when: SourceMergeWhen) => {
    const { table } = target;
    return when.values.length === 0 ? [] : targets(when, table, when.values.length, (index) => when.values[index].at, state);
  };
  const merged: Merged = { whens: source.whens, target: joined, matched, alone, columnsOf, present, at: source.at, state };
  const secured = (relation: BoundRelation): BoundRelation =>
    withVisibleRows(
      ctes === null ? relation : ctes.around(relation),
      target.rows,
      target.get.columns,
      target.table,
      ['select'],
      state,
    );
  if (joined.family !== undefined) {
    const { relation, branches } = familyMerge({ ...merged, target: { ...joined, family: joined.family } }, root);
    return {
      ...{ kind: 'spread', command: 'merge', table: target.table.id, source: secured(relation), rowId: target.get.rowId },
      ...{ branches, returning: [], output: [] },
    };
  }
  const whens = source.whens.map((when) => bindWhen(when, merged));
  return {
    ...{ kind: 'merge', table: target.table.id, source: secured(root), present, rowId: target.get.rowId },
    whens: whens.flatMap((when) => securedWhen(when, joined, state)),
    returning: [],
    output: [],
  };
}

/** The target as it is beside rows that may be alone: its columns are read as NULL there. */
function mayLack(target: Target): Target {
  const nullable = <Column extends { readonly type: SqlType }>(columns: readonly Column[]): Column[] =>
    columns.map((column) => ({ ...column, type: withNullable(column.type, true) }));
  const { get, relation } = target;
  return {
    ...target,
    get: { ...get, columns: nullable(get.columns) },
    relation: { ...relation, columns: nullable(relation.columns) },
  };
}

function bindWhen(when: SourceMergeWhen, merged: Merged): BoundMergeWhen {
  const { target, state } = merged;
  const { matched, action } = when;
  const bound = { matched, action, condition: whenCondition(when, merged), row: null, changed: [] };
  if (action === 'update') return { ...bound, ...changedRow(target, setValues(when, merged), when.at, state) };
  return action === 'insert' ? { ...bound, row: insertedRow(when, merged) } : bound;
}

/** What policies ask of a row that is changed, deleted or made. */
function securedWhen(when: BoundMergeWhen, target: Target, state: BindState): BoundMergeWhen[] {
  const { table, get } = target;
  const before = (command: 'update' | 'delete'): RowDemand => ({ command, isUsing: true, of: 'target', row: get.columns });
  if (when.action === 'insert' && when.row !== null)
    return [{ ...when, row: securedRow(when.row, table, insertDemands(when.row, { isRead: false }), state) }];
  if (when.action === 'update' && when.row !== null) {
    const { row } = when.row;
    const after: RowDemand[] = [
      { command: 'update', isUsing: false, of: 'new', row },
      { command: 'select', isUsing: true, of: 'new', row },
    ];
    return [{ ...when, row: securedRow(when.row, table, [before('update'), ...after], state) }];
  }
  if (when.action !== 'delete') return [when];
  // A row that may not be deleted is an error: one that would be changed in place of it fails its check.
  return policyChecks(table, [before('delete')], state)
    .map((check): BoundMergeWhen => {
      const refused: BoundExpression = { op: 'not', operand: check.expression, type: check.expression.type };
      const operands = when.condition === null ? [refused] : [when.condition, refused];
      const condition: BoundExpression = operands.length === 1 ? refused : { op: 'and', operands, type: BOOLEAN };
      const { row, changed } = changedRow(target, new Map(), 0, state);
      return { ...when, action: 'update', condition, row: { ...row, checks: [check] }, changed };
    })
    .concat(when);
}

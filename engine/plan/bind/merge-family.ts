/**
 * MERGE into a table whose rows lie in others: partitions, or tables that inherit from it.
 *
 *   join -> which WHEN is meant, a number -> the values of each WHEN, NULL where it is not meant -> branches (BoundSpread)
 *
 * So what a WHEN says is evaluated once, for its own rows only, whatever table a row lies in or goes to.
 */

import type { BoundCheck, BoundExpression, BoundRelation, BoundSpreadBranch, ColumnId } from '../../sblr/bound.ts';
import type { SourceMergeWhen } from '../../sblr/source.gen.ts';
import { sqlType, withNullable } from '../../sblr/types.ts';
import { columnNode } from './clause.ts';
import { constantNode } from './coerce.ts';
import { logic } from './compare.ts';
import { insertDemands } from './insert.ts';
import { insertedRow, type Merged, setValues, whenCondition } from './merge-when.ts';
import { operatorCall } from './operators.ts';
import { policyChecks, type RowDemand, securedRow } from './row-security.ts';
import { BRANCH, evaluated, ofStatement, partitionRow, routes, type Uses } from './routing.ts';
import { type FamilyTarget, type FamilyUpdate, isOf, memberUpdate, updateBranches } from './spread.ts';
import { BOOLEAN } from './state.ts';
import { changedRow } from './update.ts';

const INT4 = sqlType('int4', false);

export interface FamilyMerged extends Merged {
  readonly target: FamilyTarget;
}

/** Rows with the values of all WHENs, and what becomes of each. */
interface Spreading {
  relation: BoundRelation;
  readonly branches: BoundSpreadBranch[];
}

export function familyMerge(merged: FamilyMerged, joined: BoundRelation): Readonly<Spreading> {
  const { whens, state } = merged;
  const choice = state.newColumn();
  const isPresent = (negated: boolean): BoundExpression => ({
    ...{ op: 'isTest', operand: columnNode(merged.present, BOOLEAN, merged.at, state), test: 'null', negated },
    type: sqlType('bool', false),
  });
  const arms = whens.map((when, at) => {
    const condition = whenCondition(when, merged);
    const operands = condition === null ? [isPresent(when.matched)] : [isPresent(when.matched), condition];
    return { condition: logic('and', operands), result: constantNode(state, at + 1, INT4, when.at) };
  });
  const chosen: BoundExpression = { op: 'case', whens: arms, otherwise: constantNode(state, 0, INT4, merged.at), type: INT4 };
  const spreading: Spreading = {
    relation: { op: 'project', input: joined, columns: [{ column: choice, expression: chosen }] },
    branches: [],
  };
  for (const [at, when] of whens.entries()) new When(merged, when, choice, at + 1).into(spreading);
  return spreading;
}

class When {
  readonly #merged: FamilyMerged;
  readonly #when: SourceMergeWhen;
  /** That it is meant. */
  readonly #isMeant: BoundExpression;

  constructor(merged: FamilyMerged, when: SourceMergeWhen, choice: ColumnId, number: number) {
    const { state } = merged;
    this.#merged = merged;
    this.#when = when;
    const wanted = constantNode(state, number, INT4, when.at);
    this.#isMeant = operatorCall(state, '=', [columnNode(choice, INT4, when.at, state), wanted], when.at);
  }

  into(spreading: Spreading): void {
    switch (this.#when.action) {
      case 'nothing':
        return;
      case 'update':
        return this.#update(spreading);
      case 'delete':
        return this.#delete(spreading);
      case 'insert':
        return this.#insert(spreading);
    }
  }

  /** A value of this WHEN: NULL for rows of others, so that it is not evaluated for them. */
  #guarded(expression: BoundExpression): BoundExpression {
    const type = withNullable(expression.type, true);
    const nothing = constantNode(this.#merged.state, null, type, this.#when.at);
    return { op: 'case', whens: [{ condition: this.#isMeant, result: expression }], otherwise: nothing, type };
  }

  #update(spreading: Spreading): void {
    const { target, state } = this.#merged;
    const { table, get } = target;
    const set = [...setValues(this.#when, this.#merged)].map(([attribute, expression]) => ({
      ...{ attribute, column: state.newColumn(), expression: this.#guarded(expression) },
    }));
    const columns = set.map(({ column, expression }) => ({ column, expression }));
    spreading.relation = { op: 'project', input: spreading.relation, columns };
    const values = set.map(
      ({ attribute, column, expression }) => [attribute, columnNode(column, expression.type, 0, state)] as const,
    );
    const { row } = changedRow({ table, get }, new Map(values), this.#when.at, state, { isRouted: true }).row;
    const demands: RowDemand[] = [
      { command: 'update', isUsing: true, of: 'target', row: get.columns },
      { command: 'update', isUsing: false, of: 'new', row },
      { command: 'select', isUsing: true, of: 'new', row },
    ];
    const checks = policyChecks(table, demands, state);
    spreading.branches.push(...updateBranches({ ...this.#changing(checks, row), set }));
  }

  #changing(checks: readonly BoundCheck[], row: Uses): FamilyUpdate {
    const { target, state } = this.#merged;
    return { target, set: [], row, checks, at: this.#when.at, state, chosen: [this.#isMeant] };
  }

  #delete(spreading: Spreading): void {
    const { target, state } = this.#merged;
    const { table, get, family } = target;
    const { row } = changedRow({ table, get }, new Map(), this.#when.at, state, { isRouted: true }).row;
    const checks = policyChecks(table, [{ command: 'delete', isUsing: true, of: 'target', row: get.columns }], state);
    for (const member of family.members) {
      const { id } = member;
      // A row that may not be deleted is an error: one that would be changed in place of it fails its check.
      for (const check of checks) {
        const refused: BoundExpression = { op: 'not', operand: check.expression, type: check.expression.type };
        const condition = isOf(family, id, state, [this.#isMeant, refused]);
        spreading.branches.push({
          ...BRANCH,
          action: 'update',
          table: id,
          condition,
          ...memberUpdate(this.#changing([check], row), member),
        });
      }
      spreading.branches.push({ ...BRANCH, action: 'delete', table: id, condition: isOf(family, id, state, [this.#isMeant]) });
    }
  }

  #insert(spreading: Spreading): void {
    const { target, state } = this.#merged;
    const { table } = target;
    const isRouted = table.partitioning !== undefined;
    const row = insertedRow(this.#when, this.#merged, { isRouted: isRouted && table.bound === undefined });
    const demands = insertDemands(row, { isRead: false });
    if (!isRouted) {
      const branch = { ...BRANCH, action: 'insert', table: table.id, condition: this.#isMeant } as const;
      spreading.branches.push({ ...branch, row: securedRow(row, table, demands, state) });
      return;
    }
    const checks = [...policyChecks(table, demands, state), ...row.checks.filter(ofStatement)];
    const { relation, values } = evaluated(spreading.relation, table, row, state, (expression) => this.#guarded(expression));
    spreading.relation = relation;
    const branch = (leaf: (typeof target.family.members)[number]) => {
      const own = partitionRow(leaf, table, row.row, values, state);
      return { row: { ...own, checks: [...checks, ...own.checks] }, conflict: null };
    };
    spreading.branches.push(...routes({ table, row: values, state, branch }, table, [this.#isMeant]));
  }
}

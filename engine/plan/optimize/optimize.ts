/**
 * The optimizer: bound form -> physical plan (README.md here has the steps).
 *
 *   simplify -> rewrite -> plan each relation: sources, joins, orders by cost
 */

import type {
  BoundExpression,
  BoundInsert,
  BoundMerge,
  BoundNewRow,
  BoundPlanned,
  BoundRelation,
  BoundSpread,
  BoundStatement,
  ColumnId,
} from '../../sblr/bound.ts';
import type { BoundChange } from '../../sblr/bound-relations.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import type { PhysicalChange, PhysicalNode, PhysicalStatement, SpoolPlan, Subplan } from '../physical.ts';
import { planRecurse, planSetOperation } from './collected.ts';
import { collectColumns, isRunConstant } from './columns.ts';
import { estimatedCall, estimatedValue } from './estimated-value.ts';
import { withGathers } from './gather.ts';
import { identityOf } from './identity.ts';
import { planJoin } from './joins.ts';
import type { Columns } from './made.ts';
import {
  ALL_ROWS,
  ANY_ORDER,
  type OptimizeEnvironment,
  type Planned,
  type Planner,
  type Spooled,
  type Wanted,
} from './planner.ts';
import { planAggregate, planDistinct, planFilter, planLimit, planLock, planProject, planSort, planWindow } from './relations.ts';
import { rewrite } from './rewrite.ts';
import { simplifyStatement } from './simplify.ts';
import { planSource, planValues } from './sources.ts';
import { statementColumns } from './statement-columns.ts';
import { withPlansInside, withSubplans } from './subplans.ts';
import { withSharedSpools } from './shared-spools.ts';

export type { OptimizeEnvironment } from './planner.ts';

type Planable = BoundPlanned;

/** Plans a statement that is compiled: queries and changes. */
export function optimize(statement: Planable, environment: OptimizeEnvironment): PhysicalStatement {
  return new Optimizer(environment).statement(statement);
}

/** True for statements that have a plan. */
export const isPlanned = (statement: BoundStatement): statement is Planable =>
  statement.kind !== 'utility' && statement.kind !== 'explain';

class Optimizer implements Planner {
  readonly environment: OptimizeEnvironment;
  readonly subplans: Subplan[] = [];
  readonly spools: SpoolPlan[] = [];
  readonly collected = new Map<number, Spooled>();
  readonly recursions = new Map<number, Planned>();
  read: ReadonlySet<ColumnId> = new Set();
  #constants = new Set<ColumnId>();
  #columns = 0;
  #isFlat = false;

  constructor(environment: OptimizeEnvironment) {
    this.environment = environment;
  }

  statement(given: Planable): PhysicalStatement {
    const simple = simplifyStatement(given);
    const { next, isFlat, read } = statementColumns(simple);
    this.#columns = next;
    this.#isFlat = isFlat;
    const statement = rewrite(simple, this, isFlat);
    // Only what is made apart is asked what others read of it.
    this.read = isFlat ? read : statementColumns(statement).read;
    const plan = this.#planned(statement);
    const { subplans, spools } = this;
    const all =
      subplans.length + spools.length === 0
        ? plan
        : {
            ...plan,
            ...(subplans.length === 0 ? {} : { subplans }),
            ...(spools.length === 0 ? {} : { spools }),
          };
    return withGathers(withSharedSpools(all), this.environment.spread);
  }

  #planned(statement: Planable): PhysicalStatement {
    switch (statement.kind) {
      case 'query': {
        const needed = new Set(statement.output.map(({ column }) => column));
        return { kind: 'query', root: this.#all(statement.root, needed), output: statement.output };
      }
      case 'insert': {
        const source = this.#all(statement.source, columnsOfRow(statement.row));
        const { table, output } = statement;
        const row = this.#row(statement.row);
        const conflict = this.#conflict(statement.conflict);
        return {
          kind: 'insert',
          table,
          source,
          row,
          conflict,
          returning: this.#returning(statement),
          output,
          estimate: source.estimate,
        };
      }
      case 'update': {
        const needed = columnsOfRow(statement.row);
        needed.add(statement.rowId);
        for (const { expression } of statement.returning) collectColumns(expression, needed);
        for (const { column } of statement.output) needed.add(column);
        const source = this.#all(statement.source, needed);
        const { table, rowId, changed, output } = statement;
        const row = this.#row(statement.row);
        const returning = this.#returning(statement);
        return { kind: 'update', table, source, rowId, row, changed, returning, output, estimate: source.estimate };
      }
      case 'merge':
        return this.#merge(statement);
      case 'spread':
        return this.#spread(statement);
      case 'delete': {
        const needed = new Set<ColumnId>([statement.rowId]);
        for (const { expression } of statement.returning) collectColumns(expression, needed);
        // What is returned unchanged is a column of the source.
        for (const { column } of statement.output) needed.add(column);
        const source = this.#all(statement.source, needed);
        const { table, rowId, output } = statement;
        return { kind: 'delete', table, source, rowId, returning: this.#returning(statement), output, estimate: source.estimate };
      }
    }
  }

  /** A change in a WITH. */
  change(statement: BoundChange['statement']): PhysicalChange {
    return this.#planned(statement) as PhysicalChange;
  }

  #merge(statement: BoundMerge): PhysicalStatement {
    const { table, present, rowId, output } = statement;
    const needed = new Set<ColumnId>([present, rowId]);
    for (const { condition, row } of statement.whens) {
      if (condition !== null) collectColumns(condition, needed);
      if (row !== null) for (const column of columnsOfRow(row)) needed.add(column);
    }
    const source = this.#all(statement.source, needed);
    const whens = statement.whens.map((when) => ({
      ...when,
      condition: when.condition === null ? null : withSubplans(this, when.condition),
      row: when.row === null ? null : this.#row(when.row),
    }));
    const returning = this.#returning(statement);
    return { kind: 'merge', table, source, present, rowId, whens, returning, output, estimate: source.estimate };
  }

  #spread(statement: BoundSpread): PhysicalStatement {
    const { command, table, rowId, output } = statement;
    const needed = new Set<ColumnId>(rowId < 0 ? [] : [rowId]);
    for (const { condition, row, conflict, values } of statement.branches) {
      for (const expression of condition === null ? values : [condition, ...values]) collectColumns(expression, needed);
      for (const one of [row, conflict?.change ?? null])
        if (one !== null) for (const column of columnsOfRow(one)) needed.add(column);
      if (conflict?.where != null) collectColumns(conflict.where, needed);
    }
    for (const { expression } of statement.returning) collectColumns(expression, needed);
    for (const { column } of output) needed.add(column);
    const source = this.#all(statement.source, needed);
    const branches = statement.branches.map((branch) => ({
      ...branch,
      condition: branch.condition === null ? null : withSubplans(this, branch.condition),
      row: branch.row === null ? null : this.#row(branch.row),
      conflict: this.#conflict(branch.conflict),
    }));
    const returning = this.#returning(statement);
    return { kind: 'spread', command, table, source, rowId, branches, returning, output, estimate: source.estimate };
  }

  #all(relation: BoundRelation, needed: ReadonlySet<ColumnId>): PhysicalNode {
    return this.plan(this.#isFlat ? relation : withPlansInside(this, relation), { needed, order: ANY_ORDER, rows: ALL_ROWS })
      .node;
  }

  // ---- expressions of changes: their subqueries become plans ----

  #expressions<Item extends { readonly expression: BoundExpression }>(items: readonly Item[]): Item[] {
    return items.map((item) => ({ ...item, expression: withSubplans(this, item.expression) }));
  }

  #row(row: BoundNewRow): BoundNewRow {
    return { ...row, attributes: this.#expressions(row.attributes), checks: this.#expressions(row.checks) };
  }

  #returning({ returning }: Pick<BoundInsert, 'returning'>): BoundInsert['returning'] {
    return this.#expressions(returning);
  }

  #conflict(conflict: BoundInsert['conflict']): BoundInsert['conflict'] {
    if (conflict === null) return null;
    const { change, where } = conflict;
    return {
      ...conflict,
      change: change === null ? null : this.#row(change),
      where: where === null ? null : withSubplans(this, where),
    };
  }

  // ---- what the parts of planning ask ----

  known = (expression: BoundExpression): RowValue | undefined => {
    if (expression.op === 'constant') return expression.value;
    if (expression.op === 'call') return estimatedCall(expression, this.known);
    if (expression.op !== 'parameter') return undefined;
    const value = this.environment.parameter(expression.index);
    return typeof value === 'string' ? estimatedValue(value, expression.type) : value;
  };

  isConstant = (expression: BoundExpression): boolean => isRunConstant(expression, this.#constants);

  within<Result>(columns: Columns, plan: () => Result): Result {
    const before = this.#constants;
    this.#constants = new Set([...before, ...columns.keys()]);
    try {
      return plan();
    } finally {
      this.#constants = before;
    }
  }

  freshColumn(): ColumnId {
    return this.#columns++;
  }

  plan(relation: BoundRelation, wanted: Wanted): Planned {
    const planned = this.#plan(relation, wanted);
    const { observed } = this.environment;
    if (observed === undefined || observed.size === 0) return planned;
    const rows = observed.get(identityOf(planned.node));
    if (rows === undefined) return planned;
    const estimate = { ...planned.node.estimate, rows: Math.max(1, rows) };
    return { ...planned, node: { ...planned.node, estimate } };
  }

  #plan(relation: BoundRelation, wanted: Wanted): Planned {
    switch (relation.op) {
      case 'values':
        return planValues(relation);
      case 'filter':
        return planFilter(this, relation, wanted);
      case 'project':
        return planProject(this, relation, wanted);
      case 'aggregate':
        return planAggregate(this, relation);
      case 'distinct':
        return planDistinct(this, relation, wanted);
      case 'sort':
        return planSort(this, relation, wanted);
      case 'limit':
        return planLimit(this, relation, wanted);
      case 'lock':
        return planLock(this, relation, wanted);
      case 'window':
        return planWindow(this, relation, wanted);
      case 'join':
        return planJoin(this, relation, wanted);
      case 'setOperation':
        return planSetOperation(this, relation, wanted);
      case 'recurse':
        return planRecurse(this, relation);
      default: {
        const source = planSource(this, relation, [], wanted);
        if (source !== null) return source;
        throw new SqlError(SQLSTATE.internal_error, `there is no plan of ${relation.op}`);
      }
    }
  }
}

/** Columns of the source that a new row's expressions read; its own columns are made by it. */
function columnsOfRow(row: BoundNewRow): Set<ColumnId> {
  const needed = new Set<ColumnId>();
  for (const { expression } of row.attributes) collectColumns(expression, needed);
  for (const { expression } of row.checks) collectColumns(expression, needed);
  for (const { column } of row.row) needed.delete(column);
  return needed;
}

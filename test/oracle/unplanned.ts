/**
 * A physical plan as a bound query again, node by node: the oracle runs it, and so tells whether the optimizer's rewrites, joins and
 * orders give the rows of the query that was planned. What nodes claim (no two rows with these keys, rows in this order) is checked.
 */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type {
  JoinKey,
  MergeJoin,
  PhysicalJoin,
  PhysicalNode,
  PhysicalQuery,
  PhysicalSource,
  SpoolPlan,
  Subplan,
} from '../../engine/plan/physical.ts';
import { withExpressions } from '../../engine/sblr/relation-tree.ts';
import type { BoundExpression, BoundModule, BoundRelation, BoundSortKey } from '../../engine/sblr/bound.ts';
import { primitiveOf } from '../../engine/sblr/primitives.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import { withChildren } from '../../engine/plan/bind/tree.ts';

/** A relation of which a node says that no two rows have the same values here. */
export interface UniqueClaim {
  readonly relation: BoundRelation;
  readonly keys: readonly BoundExpression[];
}

const BOOL = sqlType('bool');

const and = (conditions: readonly (BoundExpression | null)[]): BoundExpression | null => {
  const operands = conditions.filter((one) => one !== null);
  return operands.length < 2 ? (operands[0] ?? null) : { op: 'and', operands, type: BOOL };
};
const filtered = (input: BoundRelation, condition: BoundExpression | null): BoundRelation =>
  condition === null ? input : { op: 'filter', input, condition };
const call = (primitive: string, ...given: BoundExpression[]): BoundExpression => ({
  op: 'call',
  primitive,
  arguments: given,
  type: BOOL,
  at: 0,
});

class Unplanner {
  readonly claims: UniqueClaim[] = [];
  readonly #subplans: readonly Subplan[];
  readonly #spools: readonly SpoolPlan[];
  readonly #table: (id: number) => CatalogTable;

  constructor({ subplans, spools }: PhysicalQuery, table: (id: number) => CatalogTable) {
    this.#subplans = subplans ?? [];
    this.#spools = spools ?? [];
    this.#table = table;
  }

  query({ root }: PhysicalQuery): BoundRelation {
    const definitions = this.#spools.map(({ name, root: spool }, cte) => ({
      cte,
      name,
      relation: this.#node(spool),
      materialized: 'yes' as const,
    }));
    const input = this.#node(root);
    return definitions.length === 0 ? input : { op: 'with', definitions, input };
  }

  #expression = (expression: BoundExpression): BoundExpression => {
    const over = withChildren(expression, this.#expression);
    if (over.op !== 'subplan') return over;
    const { root, outer, columns } = this.#subplans[over.plan];
    const { kind, type, at } = over;
    return {
      op: 'subquery',
      kind,
      outer: outer.map(({ column }, index) => ({ column, expression: over.outer[index] })),
      relation: this.#node(root),
      columns: columns.map(({ column }) => column),
      condition: kind === 'any' ? { op: 'column', ...columns[0] } : null,
      type,
      at,
    };
  };

  #node(node: PhysicalNode): BoundRelation {
    return this.#inside(this.#relation(node));
  }

  /** Subplans in the expressions of a relation that stands for a node, or for a part of one. */
  #inside(relation: BoundRelation): BoundRelation {
    return withExpressions(relation, this.#expression);
  }

  #relation(node: PhysicalNode): BoundRelation {
    switch (node.node) {
      case 'Filter':
        return { op: 'filter', input: this.#node(node.input), condition: node.condition };
      case 'Compute':
        return { op: 'project', input: this.#node(node.input), columns: node.columns };
      case 'HashAggregate': {
        const { keys, aggregates, sets = [], grouping = [] } = node;
        return { op: 'aggregate', input: this.#node(node.input), keys, aggregates, sets, grouping };
      }
      case 'HashDistinct':
        return { op: 'distinct', input: this.#node(node.input), columns: node.columns };
      case 'Sort':
        return { op: 'sort', input: this.#node(node.input), keys: node.keys };
      case 'TopN': {
        const { keys, limit, offset } = node;
        const sorted = this.#inside({ op: 'sort', input: this.#node(node.input), keys });
        return { op: 'limit', input: sorted, limit, offset, ties: node.ties === true ? keys : [] };
      }
      case 'LimitCount':
        return { op: 'limit', input: this.#node(node.input), limit: node.limit, offset: node.offset, ties: node.ties ?? [] };
      case 'LockRow':
      case 'Gather':
      case 'Counted':
        return this.#node(node.input);
      case 'HashSetOp':
        return {
          op: 'setOperation',
          kind: node.kind,
          all: node.all,
          left: this.#node(node.left),
          right: this.#node(node.right),
          columns: node.columns,
        };
      case 'WindowFrames': {
        const { partition, order, functions } = node;
        return { op: 'window', input: this.#node(node.input), partition, order, functions };
      }
      case 'Recurse': {
        const { work, all, columns } = node;
        return { op: 'recurse', work, base: this.#node(node.base), step: this.#node(node.step), all, columns };
      }
      case 'HashProbe':
      case 'LoopJoin':
      case 'MergeJoin':
      case 'IndexJoin':
      case 'ApplyMemo':
        return this.#join(node);
      default:
        return this.#source(node);
    }
  }

  #join(node: PhysicalJoin): BoundRelation {
    const { kind, mark } = node;
    const left = this.#node(node.input);
    const on = (keys: readonly JoinKey[]): BoundExpression | null => and([...keys.map(equality), node.condition]);
    switch (node.node) {
      case 'HashProbe': {
        const right = this.#node(node.build);
        if (node.unique) this.claims.push({ relation: right, keys: node.keys.map((key) => this.#expression(key.right)) });
        return { op: 'join', kind, left, right, condition: on(node.keys), lateral: false, mark };
      }
      case 'MergeJoin': {
        const sides = [node.keys.map((key) => key.left), node.keys.map((key) => key.right)];
        const [a, b] = [left, this.#node(node.build)].map((input, side) =>
          this.#inside(sortedBy(input, sides[side], node.orders)),
        );
        return { op: 'join', kind, left: a, right: b, condition: on(node.keys), lateral: false, mark };
      }
      case 'LoopJoin':
        return { op: 'join', kind, left, right: this.#node(node.build), condition: on([]), lateral: false, mark };
      case 'IndexJoin': {
        const { table, alias, columns, rowId, filter } = node.inner;
        const get: PhysicalSource = {
          ...{ node: 'IndexRange', table, alias, columns, rowId, filter, index: node.index, equal: node.key },
          ...{ low: null, high: null, backward: false, estimate: node.estimate },
        };
        return { op: 'join', kind, left, right: this.#node(get), condition: on([]), lateral: true, mark };
      }
      case 'ApplyMemo': {
        const { root, outer } = this.#subplans[node.plan];
        // The plan's columns under their own ids: those of the left side, or fresh ones.
        const given = outer.map(({ column }, index) => ({ column, expression: node.outer[index] }));
        const fresh = given.filter(({ column, expression }) => expression.op !== 'column' || expression.column !== column);
        const input: BoundRelation = fresh.length === 0 ? left : { op: 'project', input: left, columns: fresh };
        return { op: 'join', kind, left: input, right: this.#node(root), condition: on([]), lateral: true, mark };
      }
    }
  }

  #source(node: PhysicalSource): BoundRelation {
    switch (node.node) {
      case 'ValuesScan':
        return { op: 'values', columns: node.columns, rows: node.rows };
      case 'CatalogScan':
        return filtered({ op: 'virtual', name: node.name, alias: node.alias, columns: node.columns }, node.filter);
      case 'SpoolScan': {
        const { spool, alias, columns } = node;
        return filtered({ op: 'cteRef', cte: spool, alias, columns }, node.filter);
      }
      case 'WorkScan': {
        const { work, alias, columns } = node;
        return filtered({ op: 'workTable', work, alias, columns }, node.filter);
      }
      case 'FunctionScan': {
        const { primitive, alias, columns, ordinality } = node;
        const call = this.#inside({ op: 'function', primitive, alias, arguments: node.arguments, columns, ordinality });
        return filtered(call, node.filter);
      }
      default:
        return this.#tableSource(node);
    }
  }

  /** Rows by an index: conditions on its keys, and its order. The columns of keys are read under ids of their own. */
  #tableSource(
    node: PhysicalSource & { node: 'PageScan' | 'IndexPoint' | 'IndexPoints' | 'IndexRange' | 'RowIdFetch' },
  ): BoundRelation {
    const { table, alias, columns, rowId, filter } = node;
    // Conditions that indexes answer stand among those of the node.
    if (node.node === 'PageScan' || node.node === 'RowIdFetch')
      return filtered({ op: 'get', table, alias, columns, rowId }, filter);
    const catalog = this.#table(table);
    const index = catalog.indexes.find(({ id }) => id === node.index);
    if (index === undefined) throw new Error(`there is no index ${node.index}`);
    const keys = index.keys.map(({ attribute, descending, nullsFirst }) => {
      const column = this.#fresh--;
      const type = catalog.columns.find(({ number }) => number === attribute)?.type ?? BOOL;
      return { column, attribute, type, descending, nullsFirst };
    });
    const get: BoundRelation = { op: 'get', table, alias, columns: [...columns, ...keys], rowId };
    const key = (at: number): BoundExpression => ({ op: 'column', column: keys[at].column, type: keys[at].type });
    const compare = (kind: string, at: number, value: BoundExpression): BoundExpression =>
      call(`${plainName(keys[at].type.name)}.${kind}`, key(at), value);
    const conditions: (BoundExpression | null)[] = [];
    if (node.node === 'IndexPoint') conditions.push(...node.key.map((value, at) => compare('equal', at, value)));
    if (node.node === 'IndexPoints') {
      const any = node.values.map((value) => compare('equal', 0, value));
      conditions.push({ op: 'or', operands: any, type: BOOL });
    }
    if (node.node === 'IndexRange') {
      conditions.push(...node.equal.map((value, at) => compare('equal', at, value)));
      const { low, high } = node;
      const at = node.equal.length;
      if (low !== null) conditions.push(compare(low.inclusive ? 'greaterOrEqual' : 'greater', at, low.value));
      if (high !== null) conditions.push(compare(high.inclusive ? 'lessOrEqual' : 'less', at, high.value));
    }
    const backward = node.node === 'IndexRange' && node.backward;
    const order = keys.map(
      ({ descending, nullsFirst }, at): BoundSortKey => ({
        expression: key(at),
        descending: descending !== backward,
        nullsFirst: nullsFirst !== backward,
      }),
    );
    const input = this.#inside(filtered(this.#inside(filtered(get, and(conditions))), filter));
    return node.node === 'IndexRange' ? { op: 'sort', input, keys: order } : input;
  }

  #fresh = -2;
}

const plainName = (name: string): string => (name === 'varchar' || name === 'name' ? 'text' : name);

function equality({ left, right, equal, nullsMatch }: JoinKey): BoundExpression {
  if (nullsMatch) return { op: 'isDistinct', equal, left, right, negated: true, type: BOOL };
  return call(primitiveOf(equal).name, left, right);
}

const sortedBy = (input: BoundRelation, keys: readonly BoundExpression[], orders: MergeJoin['orders']): BoundRelation => ({
  op: 'sort',
  input,
  keys: keys.map((expression, at) => ({ expression, ...orders[at] })),
});

/** The query that a plan is, for the oracle; and what its nodes claim. */
export function unplanned(
  plan: PhysicalQuery,
  module: BoundModule,
  table: (id: number) => CatalogTable,
): { readonly module: BoundModule; readonly claims: readonly UniqueClaim[] } {
  const unplanner = new Unplanner(plan, table);
  const root = unplanner.query(plan);
  return { module: { ...module, statement: { kind: 'query', root, output: plan.output } }, claims: unplanner.claims };
}

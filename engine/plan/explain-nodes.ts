/** What EXPLAIN shows of each node of a plan: its name, what it works on, details in words, and the nodes below it. */

import type { CatalogRelation } from '../catalog/objects.ts';
import type { BoundAggregate, BoundExpression, BoundSortKey, ColumnId } from '../sblr/bound.ts';
import type { BoundFrame, BoundWindowCall } from '../sblr/bound-relations.ts';
import { type ColumnNames, expressionText, namesOf } from './expression-text.ts';
import { type ActualNode, actualOf } from './explain-actual.ts';
import type {
  Counted,
  Estimate,
  Gather,
  HashAggregate,
  JoinKey,
  PhysicalChange,
  PhysicalJoin,
  PhysicalNode,
  PhysicalStatement,
  RowIdFetch,
  RowIds,
} from './physical.ts';

/** What is known of a node besides its name: shown as lines in text, as members in JSON. */
export type Details = readonly (readonly [string, string | number | boolean | readonly string[]])[];

export interface Shown {
  readonly name: string;
  /** What it is to the node above, where that is not plain: 'Build', 'SubPlan 1', 'CTE x'. */
  readonly role: string | null;
  readonly target: string | null;
  readonly rows: number;
  readonly cost: number;
  /** What came, where it was counted. */
  readonly actual: ActualNode | null;
  readonly details: Details;
  readonly inputs: readonly Shown[];
}

type Table = { readonly table: number; readonly alias: string };
type Condition = BoundExpression | null;

const KINDS = {
  inner: 'Inner',
  left: 'Left',
  right: 'Right',
  full: 'Full',
  semi: 'Semi',
  anti: 'Anti',
  mark: 'Mark',
  single: 'Single',
} as const;

/** What a run of the plan has counted. */
export interface Actual {
  readonly counts: Float64Array;
  /** Rows that it changed. */
  readonly changes: number;
  readonly milliseconds: number;
  /** How often it was planned anew, because estimates were far off. */
  readonly replans: number;
}

const CHANGES = { insert: 'Insert', update: 'Update', delete: 'Delete', merge: 'Merge' } as const;

export class Explainer {
  readonly #relationOf: (id: number) => CatalogRelation | null;
  readonly #names: ColumnNames;
  readonly #plan: PhysicalStatement;
  readonly #actual: Actual | null;

  /** `actual`: what a run of this plan, its rows counted, has counted. */
  constructor(plan: PhysicalStatement, relationOf: (id: number) => CatalogRelation | null, actual: Actual | null = null) {
    this.#actual = actual;
    this.#plan = plan;
    this.#relationOf = relationOf;
    this.#names = namesOf(plan, relationOf);
  }

  #text = (expression: BoundExpression): string => expressionText(expression, this.#names);

  #column = (column: ColumnId): string => this.#names.get(column) ?? `c${column}`;

  #target({ table, alias }: Table): string {
    const name = this.#relationOf(table)?.name ?? `#${table}`;
    return alias === name || alias === '' ? `on ${name}` : `on ${name} ${alias}`;
  }

  #index({ table, alias }: Table, index: number): string {
    const relation = this.#relationOf(table);
    const found = relation?.kind === 'table' ? relation.indexes.find(({ id }) => id === index) : undefined;
    return `using ${found?.name ?? `#${index}`} ${this.#target({ table, alias })}`;
  }

  #keyNames(table: number, index: number): string[] {
    const relation = this.#relationOf(table);
    if (relation?.kind !== 'table') return [];
    const keys = relation.indexes.find(({ id }) => id === index)?.keys ?? [];
    return keys.map(({ attribute }) => relation.columns.find(({ number }) => number === attribute)?.name ?? `#${attribute}`);
  }

  /** The plan; below its topmost node the plans that it runs inside, and what it collects. */
  statement(): Shown {
    const top = this.#top();
    const spools = (this.#plan.spools ?? []).map(({ name, root, change }) =>
      change === undefined ? this.#as(`CTE ${name}`, root) : { ...this.#change(change), role: `CTE ${name}` },
    );
    const subplans = (this.#plan.subplans ?? []).map(({ root, outer, memo }, index) => {
      const role = outer.length === 0 && memo ? `InitPlan ${index + 1}` : `SubPlan ${index + 1}`;
      return this.#as(role, root);
    });
    return { ...top, inputs: [...spools, ...subplans, ...top.inputs] };
  }

  #top(): Shown {
    const plan = this.#plan;
    return plan.kind === 'query' ? this.#node(plan.root) : this.#change(plan);
  }

  #change(plan: PhysicalChange): Shown {
    const details: (readonly [string, string])[] = [];
    if (plan.kind === 'insert' && plan.conflict !== null) details.push(['Conflict', plan.conflict.action]);
    const name = CHANGES[plan.kind === 'spread' ? plan.command : plan.kind];
    const target = this.#target({ table: plan.table, alias: '' });
    // Of a change inside: each row of its source is changed.
    const isTop = plan === this.#plan;
    const source = this.#node(plan.source);
    const { actual: below } = source;
    const actual =
      isTop && below !== null && this.#actual !== null
        ? { ...below, rows: this.#actual.changes, loops: 1, memory: 0, spill: 0 }
        : below;
    return { name, role: null, target, ...plan.estimate, actual, details, inputs: [source] };
  }

  #as(role: string, node: PhysicalNode): Shown {
    return { ...this.#node(node), role };
  }

  #keys(keys: readonly BoundSortKey[]): string[] {
    return keys.map(
      ({ expression, descending, nullsFirst }) =>
        this.#text(expression) +
        (descending ? ' DESC' : '') +
        (nullsFirst === descending ? '' : nullsFirst ? ' NULLS FIRST' : ' NULLS LAST'),
    );
  }

  /** Of a partition: what is looked at once. */
  #gate({ gate }: { readonly gate?: BoundExpression }): Details {
    return this.#condition('One-Time Filter', gate ?? null);
  }

  #condition(name: string, condition: Condition): Details {
    return condition === null ? [] : [[name, this.#text(condition)]];
  }

  /** What a recursion runs is part of its own pipeline. */
  #counted({ input, counter }: Counted): Shown {
    const shown = this.#node(input);
    if (this.#actual === null) return shown;
    const before = input.node === 'Recurse' ? [] : shown.inputs.map(({ actual }) => actual);
    return { ...shown, actual: actualOf(this.#actual.counts, counter, before) };
  }

  #node(node: PhysicalNode): Shown {
    const shown = (target: string | null, details: Details, ...inputs: Shown[]): Shown => {
      const { rows, cost }: Estimate = node.estimate;
      return { name: node.node, role: null, target, rows, cost, actual: null, details, inputs };
    };
    switch (node.node) {
      case 'Counted':
        return this.#counted(node);
      case 'PageScan':
        return shown(this.#target(node), [...this.#condition('Filter', node.filter), ...this.#gate(node)]);
      case 'CatalogScan':
        return shown(`on ${node.name}`, this.#condition('Filter', node.filter));
      case 'IndexPoint':
      case 'IndexPoints':
      case 'IndexRange': {
        const details = [...this.#bounds(node), ...this.#condition('Filter', node.filter), ...this.#gate(node)];
        const one = shown(this.#index(node, node.index), details);
        return 'indexOnly' in node && node.indexOnly === true ? { ...one, name: 'IndexOnly' } : one;
      }
      case 'RowIdFetch':
        return shown(
          this.#target(node),
          [...this.#condition('Filter', node.filter), ...this.#gate(node)],
          this.#rowIds(node, node.ids),
        );
      case 'SpoolScan':
        return shown(`on ${this.#plan.spools?.[node.spool]?.name ?? node.alias}`, this.#condition('Filter', node.filter));
      case 'WorkScan':
        return shown(`on ${node.alias}`, this.#condition('Filter', node.filter));
      case 'FunctionScan':
        return shown(
          `on ${node.primitive}(${node.arguments.map(this.#text).join(', ')})`,
          this.#condition('Filter', node.filter),
        );
      case 'ValuesScan':
        return shown(null, node.rows.length === 1 && node.columns.length === 0 ? [] : [['Rows', node.rows.length]]);
      case 'Filter':
        return shown(null, [['Condition', this.#text(node.condition)]], this.#node(node.input));
      case 'Compute':
        return shown(null, [['Output', node.columns.map(({ expression }) => this.#text(expression))]], this.#node(node.input));
      case 'HashAggregate':
        return shown(null, this.#aggregation(node), this.#node(node.input));
      case 'HashDistinct':
        return shown(null, [['Columns', node.columns.map(this.#column)]], this.#node(node.input));
      case 'Sort':
        return shown(null, [['Sort Key', this.#keys(node.keys)]], this.#node(node.input));
      case 'TopN': {
        const details: Details = [['Sort Key', this.#keys(node.keys)], ...this.#limits(node)];
        return shown(null, node.ties === true ? [...details, ['With Ties', true]] : details, this.#node(node.input));
      }
      case 'LimitCount': {
        const details = this.#limits(node);
        const ties = node.ties === undefined ? [] : ([['With Ties', this.#keys(node.ties)]] as const);
        return shown(null, [...details, ...ties], this.#node(node.input));
      }
      case 'LockRow':
        return shown(this.#target({ table: node.table, alias: '' }), [['Strength', node.strength]], this.#node(node.input));
      case 'Gather':
        return { ...shown(null, this.#threads(node), this.#node(node.input)), name: gatherName(node) };
      case 'HashSetOp': {
        const kind = `${node.kind}${node.all ? ' all' : ''}`;
        return shown(kind, [], this.#node(node.left), this.#node(node.right));
      }
      case 'WindowFrames':
        return shown(null, this.#window(node), this.#node(node.input));
      case 'Recurse':
        return shown(node.all ? 'all' : null, [], this.#as('Base', node.base), this.#as('Step', node.step));
      case 'HashProbe':
      case 'LoopJoin':
      case 'MergeJoin':
      case 'IndexJoin':
      case 'ApplyMemo':
        return this.#join(node, shown);
    }
  }

  #join(node: PhysicalJoin, shown: (target: string | null, details: Details, ...inputs: Shown[]) => Shown): Shown {
    const kind = KINDS[node.kind];
    const rest = this.#condition('Join Filter', node.condition);
    switch (node.node) {
      case 'HashProbe': {
        const details: Details = [['Hash Condition', this.#joinKeys(node.keys)], ...rest];
        const unique: Details = node.unique ? [['Unique', true]] : [];
        return shown(kind, [...details, ...unique], this.#node(node.input), this.#as('Build', node.build));
      }
      case 'MergeJoin': {
        const details: Details = [['Merge Condition', this.#joinKeys(node.keys)], ...rest];
        return shown(kind, details, this.#node(node.input), this.#node(node.build));
      }
      case 'LoopJoin':
        return shown(kind, rest, this.#node(node.input), this.#as('Build', node.build));
      case 'IndexJoin': {
        const names = this.#keyNames(node.inner.table, node.index);
        const keys = node.key.map((value, at) => `${names[at]} = ${this.#text(value)}`);
        const shared: Details = node.share === undefined ? [] : [['Rows a Share', node.share]];
        const details: Details = [['Index', keys], ...this.#condition('Filter', node.inner.filter), ...rest, ...shared];
        return shown(`${kind} ${this.#index(node.inner, node.index)}`, details, this.#node(node.input));
      }
      case 'ApplyMemo': {
        const details: Details = [['Rows', `of SubPlan ${node.plan + 1} for ${node.outer.map(this.#text).join(', ')}`], ...rest];
        return shown(kind, details, this.#node(node.input));
      }
    }
  }

  #threads({ threads, counter }: Gather): Details {
    const took = counter === undefined ? 0 : (this.#actual?.counts[counter] ?? 0);
    return [['Threads', threads], ...(took === 0 ? [] : [['Threads Used', took] as const])];
  }

  #joinKeys(keys: readonly JoinKey[]): string[] {
    return keys.map(
      ({ left, right, nullsMatch }) => `${this.#text(left)} ${nullsMatch ? 'IS NOT DISTINCT FROM' : '='} ${this.#text(right)}`,
    );
  }

  #aggregation({ keys, aggregates, sets = [] }: HashAggregate): Details {
    const names = keys.map(({ expression }) => this.#text(expression));
    const details: (readonly [string, readonly string[]])[] = [];
    if (sets.length > 0) details.push(['Group Sets', sets.map((set) => `(${set.keys.map((key) => names[key]).join(', ')})`)]);
    else if (keys.length > 0) details.push(['Group Key', names]);
    if (aggregates.length > 0) details.push(['Aggregates', aggregates.map(this.#aggregate)]);
    return details;
  }

  #aggregate = ({ primitive, arguments: given, distinct, order, filter }: BoundAggregate): string => {
    const sorted = order.length === 0 ? '' : ` ORDER BY ${this.#keys(order).join(', ')}`;
    const counted = filter === null ? '' : ` FILTER (${this.#text(filter)})`;
    return `${primitive}(${distinct ? 'DISTINCT ' : ''}${given.map(this.#text).join(', ')}${sorted})${counted}`;
  };

  #window(node: PhysicalNode & { node: 'WindowFrames' }): Details {
    const details: (readonly [string, readonly string[]])[] = [];
    if (node.partition.length > 0) details.push(['Partition', node.partition.map(this.#text)]);
    if (node.order.length > 0) details.push(['Order', this.#keys(node.order)]);
    return [...details, ['Functions', node.functions.map(this.#windowCall)]];
  }

  #windowCall = ({ primitive, arguments: given, frame }: BoundWindowCall): string =>
    `${primitive}(${given.map(this.#text).join(', ')}) ${frameText(frame)}`;

  #limits(node: { readonly limit: Condition; readonly offset: Condition }): Details {
    return [...this.#condition('Limit', node.limit), ...this.#condition('Offset', node.offset)];
  }

  /** What gives row ids, as nodes of their own. */
  #rowIds(table: RowIdFetch, ids: RowIds): Shown {
    const nothing = { role: null, rows: 0, cost: 0, actual: null } as const;
    if (ids.op === 'tokens') {
      const name = this.#keyNames(table.table, ids.index)[ids.place];
      const details: Details = [['Index', `${ids.primitive}(${name}, ${this.#text(ids.value)})`]];
      return { ...nothing, name: 'TokenSearch', target: this.#index(table, ids.index), details, inputs: [] };
    }
    if (ids.op !== 'range') {
      const name = ids.op === 'and' ? 'RowIdIntersection' : 'RowIdUnion';
      return { ...nothing, name, target: null, details: [], inputs: ids.parts.map((one) => this.#rowIds(table, one)) };
    }
    const details = this.#bounds({ ...table, ...ids, node: 'IndexRange', backward: false });
    return { ...nothing, name: 'IndexRange', target: this.#index(table, ids.index), details, inputs: [] };
  }

  #bounds(node: PhysicalNode & { node: 'IndexPoint' | 'IndexPoints' | 'IndexRange' }): Details {
    const names = this.#keyNames(node.table, node.index);
    if (node.node === 'IndexPoint') return [['Index', node.key.map((value, at) => `${names[at]} = ${this.#text(value)}`)]];
    if (node.node === 'IndexPoints' && node.array === true)
      return [['Index', `${names[0]} = ANY (${node.values.map(this.#text).join(', ')})`]];
    if (node.node === 'IndexPoints') return [['Index', `${names[0]} IN (${node.values.map(this.#text).join(', ')})`]];
    const bounds = node.equal.map((value, at) => `${names[at]} = ${this.#text(value)}`);
    const next = names[node.equal.length];
    if (node.low !== null) bounds.push(`${next} ${node.low.inclusive ? '>=' : '>'} ${this.#text(node.low.value)}`);
    if (node.high !== null) bounds.push(`${next} ${node.high.inclusive ? '<=' : '<'} ${this.#text(node.high.value)}`);
    const details: (readonly [string, string | readonly string[]])[] = bounds.length === 0 ? [] : [['Index', bounds]];
    if (node.backward) details.push(['Direction', 'backward']);
    return details;
  }
}

const FRAME_BOUNDS = {
  unboundedPreceding: 'UNBOUNDED PRECEDING',
  preceding: 'n PRECEDING',
  current: 'CURRENT ROW',
  following: 'n FOLLOWING',
  unboundedFollowing: 'UNBOUNDED FOLLOWING',
} as const;

/** What keeps an order puts sorted rows together. */
function gatherName({ input }: Gather): string {
  const below = input.node === 'Counted' ? input.input : input;
  return below.node === 'Sort' || below.node === 'TopN' ? 'GatherOrdered' : 'Gather';
}

const frameText = ({ unit, start, end, exclude }: BoundFrame): string =>
  `${unit.toUpperCase()} BETWEEN ${FRAME_BOUNDS[start]} AND ${FRAME_BOUNDS[end]}${exclude === 'none' ? '' : ` EXCLUDE ${exclude.toUpperCase()}`}`;

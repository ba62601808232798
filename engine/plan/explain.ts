/**
 * EXPLAIN: a physical plan as text or JSON, with the bound form (SBLR) or the generated code (CODEGEN) behind it.
 *
 *   Limit  (cost=0.60..1.90 rows=10)                        names of nodes are those of physical.ts
 *     -> IndexRange on item using item_pkey  (cost=... rows=...)
 *          Index: id >= $1
 *          Filter: name = 'nut'
 */

import type { CatalogRelation } from '../catalog/objects.ts';
import type { BoundExplain, BoundExpression, BoundSortKey, ColumnId } from '../sblr/bound.ts';
import type { PhysicalNode, PhysicalStatement } from './physical.ts';
import { expressionText, namesOf, type ColumnNames } from './expression-text.ts';

export interface ExplainSources {
  relation(id: number): CatalogRelation | null;
  /** Annotated generated code. */
  code(): string;
  /** The bound form, printed. */
  sblr(): string;
}

/** What is known of a node besides its name: shown as lines in text, as members in JSON. */
type Details = readonly (readonly [string, string | number | readonly string[]])[];

interface Shown {
  readonly name: string;
  readonly target: string | null;
  readonly rows: number;
  readonly cost: number;
  readonly details: Details;
  readonly inputs: readonly Shown[];
}

/** Lines of the answer. */
export function explain(statement: BoundExplain, plan: PhysicalStatement, sources: ExplainSources): string[] {
  const shown = new Explainer(plan, sources).statement(plan);
  if (statement.format === 'json') {
    const answer: { [key: string]: unknown } = { Plan: jsonOf(shown) };
    if (statement.sblr) answer.Sblr = sources.sblr().split('\n');
    if (statement.codegen) answer.Code = sources.code().split('\n');
    return JSON.stringify([answer], null, 2).split('\n');
  }
  const lines = textOf(shown, 0);
  if (statement.sblr) lines.push('', 'SBLR:', ...sources.sblr().split('\n'));
  if (statement.codegen) lines.push('', 'Code:', ...sources.code().split('\n'));
  return lines;
}

function textOf(node: Shown, depth: number): string[] {
  const indent = depth === 0 ? '' : `${'      '.repeat(depth - 1)}  ->  `;
  const target = node.target === null ? '' : ` ${node.target}`;
  const lines = [`${indent}${node.name}${target}  (cost=${node.cost.toFixed(2)} rows=${Math.round(node.rows)})`];
  for (const [name, value] of node.details) {
    lines.push(`${'      '.repeat(depth)}  ${name}: ${typeof value === 'object' ? value.join(', ') : value}`);
  }
  return [...lines, ...node.inputs.flatMap((input) => textOf(input, depth + 1))];
}

function jsonOf(node: Shown): { [key: string]: unknown } {
  return {
    'Node Type': node.name,
    ...(node.target === null ? {} : { Target: node.target }),
    'Total Cost': Math.round(node.cost * 100) / 100,
    'Plan Rows': Math.round(node.rows),
    ...Object.fromEntries(node.details),
    ...(node.inputs.length === 0 ? {} : { Plans: node.inputs.map(jsonOf) }),
  };
}

class Explainer {
  readonly #sources: ExplainSources;
  readonly #names: ColumnNames;

  constructor(plan: PhysicalStatement, sources: ExplainSources) {
    this.#sources = sources;
    this.#names = namesOf(plan, (id) => sources.relation(id));
  }

  #text = (expression: BoundExpression): string => expressionText(expression, this.#names);

  #relation(id: number): string {
    return this.#sources.relation(id)?.name ?? `#${id}`;
  }

  #target(table: number, alias: string): string {
    const name = this.#relation(table);
    return alias === name || alias === '' ? `on ${name}` : `on ${name} ${alias}`;
  }

  #index(table: number, index: number): string {
    const relation = this.#sources.relation(table);
    const found = relation?.kind === 'table' ? relation.indexes.find(({ id }) => id === index) : undefined;
    return found?.name ?? `#${index}`;
  }

  #keyNames(table: number, index: number): string[] {
    const relation = this.#sources.relation(table);
    if (relation?.kind !== 'table') return [];
    const keys = relation.indexes.find(({ id }) => id === index)?.keys ?? [];
    return keys.map(({ attribute }) => relation.columns.find(({ number }) => number === attribute)?.name ?? `#${attribute}`);
  }

  statement(plan: PhysicalStatement): Shown {
    if (plan.kind === 'query') return this.#node(plan.root);
    const source = plan.kind === 'insert' ? plan.source : plan.source;
    const details: (readonly [string, string])[] = [];
    if (plan.kind === 'insert' && plan.conflict !== null) details.push(['Conflict', plan.conflict.action]);
    const name = { insert: 'Insert', update: 'Update', delete: 'Delete' }[plan.kind];
    return { name, target: this.#target(plan.table, ''), ...plan.estimate, details, inputs: [this.#node(source)] };
  }

  #keys(keys: readonly BoundSortKey[]): string[] {
    return keys.map(
      ({ expression, descending, nullsFirst }) =>
        this.#text(expression) +
        (descending ? ' DESC' : '') +
        (nullsFirst === descending ? '' : nullsFirst ? ' NULLS FIRST' : ' NULLS LAST'),
    );
  }

  #columns(columns: readonly ColumnId[]): string[] {
    return columns.map((column) => this.#names.get(column) ?? `c${column}`);
  }

  #filter(filter: BoundExpression | null): Details {
    return filter === null ? [] : [['Filter', this.#text(filter)]];
  }

  #node(node: PhysicalNode): Shown {
    const { rows, cost } = node.estimate;
    const shown = (target: string | null, details: Details, ...inputs: PhysicalNode[]): Shown => ({
      name: node.node,
      target,
      rows,
      cost,
      details,
      inputs: inputs.map((input) => this.#node(input)),
    });
    switch (node.node) {
      case 'PageScan':
        return shown(this.#target(node.table, node.alias), this.#filter(node.filter));
      case 'CatalogScan':
        return shown(`on ${node.name}`, this.#filter(node.filter));
      case 'IndexPoint':
      case 'IndexPoints':
      case 'IndexRange':
        return shown(`using ${this.#index(node.table, node.index)} ${this.#target(node.table, node.alias)}`, [
          ...this.#bounds(node),
          ...this.#filter(node.filter),
        ]);
      case 'ValuesScan':
        return shown(null, node.rows.length === 1 && node.columns.length === 0 ? [] : [['Rows', node.rows.length]]);
      case 'Filter':
        return shown(null, [['Condition', this.#text(node.condition)]], node.input);
      case 'Compute':
        return shown(null, [['Output', node.columns.map(({ expression }) => this.#text(expression))]], node.input);
      case 'HashAggregate':
        return shown(
          null,
          node.keys.length === 0 ? [] : [['Group Key', node.keys.map(({ expression }) => this.#text(expression))]],
          node.input,
        );
      case 'HashDistinct':
        return shown(null, [['Columns', this.#columns(node.columns)]], node.input);
      case 'Sort':
        return shown(null, [['Sort Key', this.#keys(node.keys)]], node.input);
      case 'TopN':
        return shown(null, [['Sort Key', this.#keys(node.keys)], ...this.#limits(node)], node.input);
      case 'LimitCount':
        return shown(null, this.#limits(node), node.input);
      case 'LockRow':
        return shown(this.#target(node.table, ''), [['Strength', node.strength]], node.input);
      default:
        return shown(null, []);
    }
  }

  #limits(node: { readonly limit: BoundExpression | null; readonly offset: BoundExpression | null }): Details {
    const details: (readonly [string, string])[] = [];
    if (node.limit !== null) details.push(['Limit', this.#text(node.limit)]);
    if (node.offset !== null) details.push(['Offset', this.#text(node.offset)]);
    return details;
  }

  #bounds(node: PhysicalNode & { node: 'IndexPoint' | 'IndexPoints' | 'IndexRange' }): Details {
    const names = this.#keyNames(node.table, node.index);
    if (node.node === 'IndexPoint') return [['Index', node.key.map((value, at) => `${names[at]} = ${this.#text(value)}`)]];
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

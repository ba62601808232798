/** Bound expressions as people read them, for EXPLAIN: names where there are some, primitives as calls. */

import type { CatalogRelation } from '../catalog/objects.ts';
import type { BoundExpression, ColumnId, TableColumnUse } from '../sblr/bound.ts';
import { inputsOf } from './physical-tree.ts';
import type { PhysicalNode, PhysicalStatement } from './physical.ts';

export type ColumnNames = ReadonlyMap<ColumnId, string>;

type Uses = readonly { readonly column: ColumnId }[];
type Renamed = readonly { readonly column: ColumnId; readonly source: ColumnId }[];

/** Names of a plan's columns: those of tables, behind the table's alias where there are several, and of the output. */
export function namesOf(plan: PhysicalStatement, relation: (id: number) => CatalogRelation | null): ColumnNames {
  const names = new Map<ColumnId, string>();
  const roots = [
    ...(plan.spools ?? []).map(({ root }) => root),
    ...(plan.subplans ?? []).map(({ root }) => root),
    plan.kind === 'query' ? plan.root : plan.source,
  ];
  const nodes = roots.flatMap(nodesOf);
  const sources = nodes.filter((node) => inputsOf(node).length === 0 || node.node === 'IndexJoin');
  const prefix = (alias: string): string => (sources.length > 1 ? `${alias}.` : '');
  const ofTable = (table: number, columns: readonly TableColumnUse[], before: string): void => {
    const found = relation(table);
    if (found === null || found.kind === 'sequence') return;
    for (const { column, attribute } of columns) {
      const name = found.columns.find(({ number }) => number === attribute)?.name;
      if (name !== undefined) names.set(column, before + name);
    }
  };
  const ofNames = (columns: Uses, name: (column: ColumnId, index: number) => string | undefined): void =>
    columns.forEach(({ column }, index) => {
      const found = name(column, index);
      if (found !== undefined && !names.has(column)) names.set(column, found);
    });
  const ofSources = (columns: Renamed): void => {
    for (const { column, source } of columns) {
      const name = names.get(source);
      if (name !== undefined) names.set(column, name);
    }
  };
  for (const node of nodes) {
    if ('table' in node && 'alias' in node) ofTable(node.table, node.columns, prefix(node.alias));
    if (node.node === 'IndexJoin') ofTable(node.inner.table, node.inner.columns, prefix(node.inner.alias));
    if (node.node === 'CatalogScan') {
      for (const { column, attribute } of node.columns) names.set(column, `${prefix(node.alias)}#${attribute}`);
    }
    if (node.node === 'FunctionScan')
      ofNames(node.columns, (_, index) => (index === 0 ? node.alias : `${node.alias}.${index + 1}`));
    if (node.node === 'SpoolScan' || node.node === 'WorkScan') ofSources(node.columns);
    if (node.node === 'Compute' || node.node === 'HashAggregate') {
      for (const { column, expression } of 'keys' in node ? node.keys : node.columns) {
        const name = expression.op === 'column' ? names.get(expression.column) : undefined;
        if (name !== undefined) names.set(column, name);
      }
    }
    if (node.node === 'HashSetOp') ofSources(node.columns.map(({ column, left }) => ({ column, source: left })));
    if (node.node === 'Recurse') ofSources(node.columns.map(({ column, base }) => ({ column, source: base })));
  }
  if (plan.kind !== 'query' && 'row' in plan) ofTable(plan.table, plan.row.row, '');
  for (const { column, name } of plan.output) if (!names.has(column)) names.set(column, name);
  return names;
}

/** Nodes of a plan, those below first. */
const nodesOf = (node: PhysicalNode): PhysicalNode[] => [...inputsOf(node).flatMap(nodesOf), node];

const OPERATORS: { readonly [kind: string]: string } = {
  equal: '=',
  notEqual: '<>',
  less: '<',
  lessOrEqual: '<=',
  greater: '>',
  greaterOrEqual: '>=',
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  trunc: '/',
  mod: '%',
  concat: '||',
};

function constantText(value: unknown): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (value instanceof Uint8Array) return `'\\x${Buffer.from(value).toString('hex')}'`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** One line of text. */
export function expressionText(expression: BoundExpression, names: ColumnNames): string {
  const text = (one: BoundExpression): string => expressionText(one, names);
  switch (expression.op) {
    case 'column':
      return names.get(expression.column) ?? `c${expression.column}`;
    case 'parameter':
      return `$${expression.index + 1}`;
    case 'constant':
      return constantText(expression.value);
    case 'local':
      return `v${expression.local}`;
    case 'let':
      return `let v${expression.local} = ${text(expression.value)} in ${text(expression.body)}`;
    case 'call':
      return callText(expression, text);
    case 'and':
    case 'or':
      return expression.operands.map((operand) => `(${text(operand)})`).join(expression.op === 'and' ? ' AND ' : ' OR ');
    case 'not':
      return `NOT (${text(expression.operand)})`;
    case 'isTest':
      return `${text(expression.operand)} IS ${expression.negated ? 'NOT ' : ''}${expression.test.toUpperCase()}`;
    case 'isDistinct':
      return `${text(expression.left)} IS ${expression.negated ? 'NOT ' : ''}DISTINCT FROM ${text(expression.right)}`;
    case 'case': {
      const whens = expression.whens.map(({ condition, result }) => `WHEN ${text(condition)} THEN ${text(result)}`);
      return `CASE ${whens.join(' ')} ELSE ${text(expression.otherwise)} END`;
    }
    case 'coalesce':
      return `COALESCE(${expression.arguments.map(text).join(', ')})`;
    case 'extreme':
      return `${expression.kind.toUpperCase()}(${expression.arguments.map(text).join(', ')})`;
    case 'in':
      return `${text(expression.operand)} ${expression.negated ? 'NOT ' : ''}IN (${expression.list.map(text).join(', ')})`;
    case 'subquery':
    case 'subplan': {
      const outer = expression.op === 'subplan' ? expression.outer : expression.outer.map((one) => one.expression);
      const name = expression.op === 'subplan' ? `SubPlan ${expression.plan + 1}` : 'query';
      return `${expression.kind.toUpperCase()}(${name}${outer.length === 0 ? '' : ` of ${outer.map(text).join(', ')}`})`;
    }
  }
}

function callText(call: BoundExpression & { op: 'call' }, text: (one: BoundExpression) => string): string {
  const operator = OPERATORS[call.primitive.slice(call.primitive.lastIndexOf('.') + 1)];
  if (operator !== undefined && call.arguments.length === 2) {
    return `${text(call.arguments[0])} ${operator} ${text(call.arguments[1])}`;
  }
  return `${call.primitive}(${call.arguments.map(text).join(', ')})`;
}

/**
 * The bound form as EXPLAIN (SBLR) lists it: relations a line each, the input below; expressions on one line.
 *
 *   query id := c0 int4, total := c5 numeric
 *     sort c5 desc nulls first
 *       project c5 := numeric.mul(c3, $1)
 *         filter int4.greater(c0, 10)
 *           get 7 t (c0 := 1 int4!, c3 := 4 numeric(10,2))
 *
 * c0: column, $1: parameter, %0: local; `!` behind a type: never NULL.
 */

import type {
  BoundAggregate,
  BoundExpression,
  BoundModule,
  BoundConflict,
  BoundMergeWhen,
  BoundSpreadBranch,
  BoundNewRow,
  BoundRelation,
  BoundSortKey,
  BoundStatement,
  OutputColumn,
  TableColumnUse,
} from './bound.ts';
import type { BoundWindowCall } from './bound-relations.ts';
import { inputsOf } from './relation-tree.ts';
import type { SqlType } from './types.ts';

export function printType({ name, length, scale, nullable }: SqlType): string {
  const modifiers = length >= 0 ? `(${length}${scale >= 0 && name === 'numeric' ? `,${scale}` : ''})` : '';
  return `${name}${modifiers}${nullable ? '' : '!'}`;
}

const big = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}` : value);

function printValue(node: BoundExpression & { op: 'constant' }): string {
  const { value, type } = node;
  if (value === null) return `NULL:${type.name}`;
  if (value instanceof Uint8Array) return `'\\x${Buffer.from(value).toString('hex')}':bytea`;
  if (typeof value === 'object') return `${JSON.stringify(value, big)}:${type.name}`;
  const text = typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
  return type.name === 'int4' || type.name === 'text' || type.name === 'bool' ? text : `${text}:${type.name}`;
}

const list = (nodes: readonly BoundExpression[]): string => nodes.map(printExpression).join(', ');

/** An expression on one line. */
export function printExpression(node: BoundExpression): string {
  switch (node.op) {
    case 'column':
      return `c${node.column}`;
    case 'parameter':
      return `$${node.index + 1}`;
    case 'constant':
      return printValue(node);
    case 'call':
      return `${node.primitive}(${list(node.arguments)})`;
    case 'and':
    case 'or':
      return `(${node.operands.map(printExpression).join(` ${node.op} `)})`;
    case 'not':
      return `not ${printExpression(node.operand)}`;
    case 'isTest':
      return `${printExpression(node.operand)} is ${node.negated ? 'not ' : ''}${node.test}`;
    case 'isDistinct':
      return `(${printExpression(node.left)} is ${node.negated ? 'not ' : ''}distinct from[${node.equal}] ${printExpression(node.right)})`;
    case 'case': {
      const whens = node.whens.map(
        ({ condition, result }) => `when ${printExpression(condition)} then ${printExpression(result)}`,
      );
      return `case ${whens.join(' ')} else ${printExpression(node.otherwise)} end`;
    }
    case 'coalesce':
      return `coalesce(${list(node.arguments)})`;
    case 'extreme':
      return `${node.kind}[${node.less}](${list(node.arguments)})`;
    case 'in':
      return `${printExpression(node.operand)} ${node.negated ? 'not ' : ''}in[${node.equal}] (${list(node.list)})`;
    case 'let':
      return `let %${node.local} := ${printExpression(node.value)} in ${printExpression(node.body)}`;
    case 'local':
      return `%${node.local}`;
    case 'subquery': {
      const outer = node.outer.length === 0 ? '' : ` with ${printProjections(node.outer)}`;
      const columns = node.columns.map((column) => `c${column}`).join(', ');
      const condition = node.condition === null ? '' : ` where ${printExpression(node.condition)}`;
      const lines: string[] = [];
      printRelation(node.relation, '', lines);
      return `${node.kind}[${columns}]${outer}${condition} {${lines.map((line) => line.trimStart()).join(' <- ')}}`;
    }
    case 'subplan':
      return `${node.kind} subplan ${node.plan}(${list(node.outer)})`;
  }
}

const printUses = (uses: readonly TableColumnUse[]): string =>
  uses.map(({ column, attribute, type }) => `c${column} := ${attribute} ${printType(type)}`).join(', ');

const printKeys = (keys: readonly BoundSortKey[]): string =>
  keys
    .map(
      ({ expression, descending, nullsFirst }) =>
        `${printExpression(expression)} ${descending ? 'desc' : 'asc'} nulls ${nullsFirst ? 'first' : 'last'}`,
    )
    .join(', ');

const printProjections = (items: readonly { readonly column: number; readonly expression: BoundExpression }[]): string =>
  items.map(({ column, expression }) => `c${column} := ${printExpression(expression)}`).join(', ');

function printAggregate(aggregate: BoundAggregate): string {
  const order = aggregate.order.length === 0 ? '' : ` order by ${printKeys(aggregate.order)}`;
  const filter = aggregate.filter === null ? '' : ` filter ${printExpression(aggregate.filter)}`;
  const distinct = aggregate.distinct ? 'distinct ' : '';
  return `c${aggregate.column} := ${aggregate.primitive}(${distinct}${list(aggregate.arguments)}${order})${filter}`;
}

/** What a relation says on its own line. */
function relationLine(node: BoundRelation): string {
  switch (node.op) {
    case 'change':
      return 'change';
    case 'get':
      return `get ${node.table} ${node.alias} (${printUses(node.columns)})${node.rowId < 0 ? '' : ` row c${node.rowId}`}`;
    case 'virtual':
      return `virtual ${node.name} ${node.alias} (${printUses(node.columns)})`;
    case 'values':
      return `values (${node.columns.map(({ column, type }) => `c${column} ${printType(type)}`).join(', ')}) ${node.rows
        .map((row) => `(${list(row)})`)
        .join(', ')}`;
    case 'filter':
      return `filter ${printExpression(node.condition)}`;
    case 'project':
      return `project ${printProjections(node.columns)}`;
    case 'aggregate':
      return aggregateLine(node);
    case 'distinct':
      return `distinct ${node.columns.map((column) => `c${column}`).join(', ')}`;
    case 'sort':
      return `sort ${printKeys(node.keys)}`;
    case 'limit':
      return `limit ${node.limit === null ? 'all' : printExpression(node.limit)}${
        node.offset === null ? '' : ` offset ${printExpression(node.offset)}`
      }${node.ties.length === 0 ? '' : ` ties ${printKeys(node.ties)}`}`;
    case 'lock':
      return `lock ${node.strength} ${node.wait} row c${node.rowId}`;
    case 'join': {
      const condition = node.condition === null ? '' : ` on ${printExpression(node.condition)}`;
      return `${node.kind} join${node.lateral ? ' lateral' : ''}${node.mark < 0 ? '' : ` c${node.mark}`}${condition}`;
    }
    case 'setOperation': {
      const columns = node.columns.map(({ column, left, right, type }) => `c${column} := c${left}|c${right} ${printType(type)}`);
      return `${node.kind}${node.all ? ' all' : ''} (${columns.join(', ')})`;
    }
    case 'with':
      return `with ${node.definitions.map(({ cte, name, materialized }) => `#${cte} ${name} ${materialized}`).join(', ')}`;
    case 'cteRef':
      return `cte #${node.cte} ${node.alias} (${node.columns.map(({ column, source }) => `c${column} := c${source}`).join(', ')})`;
    case 'recurse': {
      const columns = node.columns.map(({ column, base, step, type }) => `c${column} := c${base}|c${step} ${printType(type)}`);
      return `recurse #${node.work}${node.all ? ' all' : ''} (${columns.join(', ')})`;
    }
    case 'workTable':
      return `work #${node.work} ${node.alias} (${node.columns.map(({ column, source }) => `c${column} := c${source}`).join(', ')})`;
    case 'function': {
      const columns = node.columns.map(({ column, type }) => `c${column} ${printType(type)}`).join(', ');
      const number = node.ordinality < 0 ? '' : ` number c${node.ordinality}`;
      return `function ${node.primitive}(${list(node.arguments)}) ${node.alias} (${columns})${number}`;
    }
    case 'window': {
      const functions = node.functions.map(printWindowCall).join(', ');
      return `window partition (${list(node.partition)}) order (${printKeys(node.order)}) ${functions}`;
    }
  }
}

function aggregateLine(node: BoundRelation & { op: 'aggregate' }): string {
  const sets = node.sets.map(({ keys }) => `(${keys.join(' ')})`).join(' ');
  const grouping = node.grouping.map(({ column, keys }) => `c${column} := grouping(${keys.join(' ')})`);
  const calls = [...node.aggregates.map(printAggregate), ...grouping].join(', ');
  return `aggregate (${printProjections(node.keys)})${sets === '' ? '' : ` sets ${sets}`} ${calls}`.trimEnd();
}

function printWindowCall({ column, primitive, arguments: given, filter, frame }: BoundWindowCall): string {
  const bound = (kind: string, value: BoundExpression | null): string =>
    value === null ? kind : `${kind}[${printExpression(value)}]`;
  const key = frame.rangeKey === null ? '' : ` of ${printExpression(frame.rangeKey)}`;
  const where = filter === null ? '' : ` filter ${printExpression(filter)}`;
  const frameText = `${frame.unit}${key} ${bound(frame.start, frame.startValue)} .. ${bound(frame.end, frame.endValue)}`;
  return `c${column} := ${primitive}(${list(given)})${where} over ${frameText}${frame.exclude === 'none' ? '' : ` without ${frame.exclude}`}`;
}

function printRelation(node: BoundRelation, indent: string, lines: string[]): void {
  lines.push(indent + relationLine(node));
  if (node.op === 'change') {
    printStatement(node.statement, `${indent}  `, lines);
    return;
  }
  for (const input of inputsOf(node)) printRelation(input, `${indent}  `, lines);
}

const printOutput = (output: readonly OutputColumn[]): string =>
  output.map(({ name, column, type }) => `${name} := c${column} ${printType(type)}`).join(', ');

function printNewRow(row: BoundNewRow, indent: string, lines: string[]): void {
  lines.push(`${indent}row (${printUses(row.row)})`);
  for (const { attribute, expression } of row.attributes) lines.push(`${indent}  ${attribute} := ${printExpression(expression)}`);
  for (const { name, expression } of row.checks) lines.push(`${indent}  check ${name}: ${printExpression(expression)}`);
}

function printMergeWhen({ matched, condition, action, row, changed }: BoundMergeWhen, indent: string, lines: string[]): void {
  const which = `when ${matched ? '' : 'not '}matched${condition === null ? '' : ` and ${printExpression(condition)}`}`;
  lines.push(`${indent}${which}: ${action}${changed.length > 0 ? ` ${changed.join(', ')}` : ''}`);
  if (row !== null) printNewRow(row, `${indent}  `, lines);
}

function printBranch(
  { condition, action, table, row, changed, conflict }: BoundSpreadBranch,
  indent: string,
  lines: string[],
): void {
  const which = condition === null ? 'else' : `if ${printExpression(condition)}`;
  lines.push(`${indent}${which}: ${action} ${table}${changed.length > 0 ? ` ${changed.join(', ')}` : ''}`);
  if (row !== null) printNewRow(row, `${indent}  `, lines);
  if (conflict !== null) printConflict(conflict, `${indent}  `, lines);
}

function printConflict({ action, indexes, existing, change, where }: BoundConflict, indent: string, lines: string[]): void {
  lines.push(`${indent}conflict ${action} [${indexes.join(', ')}] met (${printUses(existing)})`);
  if (change !== null) printNewRow(change, `${indent}  `, lines);
  if (where !== null) lines.push(`${indent}  where ${printExpression(where)}`);
}

function printStatement(statement: BoundStatement, indent: string, lines: string[]): void {
  const inner = `${indent}  `;
  switch (statement.kind) {
    case 'utility':
      lines.push(`${indent}utility ${statement.statement.op}`);
      return;
    case 'explain':
      lines.push(`${indent}explain`);
      printStatement(statement.statement, inner, lines);
      return;
    case 'query':
      lines.push(`${indent}query ${printOutput(statement.output)}`.trimEnd());
      printRelation(statement.root, inner, lines);
      return;
  }
  lines.push(`${indent}${statement.kind} ${statement.table}`);
  if (statement.kind === 'insert' || statement.kind === 'update') printNewRow(statement.row, inner, lines);
  if (statement.kind === 'merge') for (const when of statement.whens) printMergeWhen(when, inner, lines);
  if (statement.kind === 'update') lines.push(`${inner}changed ${statement.changed.join(', ')}`);
  if (statement.kind === 'insert' && statement.conflict !== null) printConflict(statement.conflict, inner, lines);
  if (statement.kind === 'spread') for (const branch of statement.branches) printBranch(branch, inner, lines);
  if (statement.returning.length > 0) lines.push(`${inner}returning ${printProjections(statement.returning)}`);
  if (statement.output.length > 0) lines.push(`${inner}output ${printOutput(statement.output)}`);
  printRelation(statement.source, inner, lines);
}

/** A bound statement as text, without a line end behind the last line. */
export function printBound(statement: BoundStatement): string {
  const lines: string[] = [];
  printStatement(statement, '', lines);
  return lines.join('\n');
}

/** A whole module: parameters and objects before the statement. */
export function printBoundModule({ statement, parameters, clientParameters, uses }: BoundModule): string {
  const slots = parameters.map((type, index) => `$${index + 1} ${printType(type)}${index < clientParameters ? '' : ' literal'}`);
  const objects = uses.map(({ object, version, rights }) => `${object}@${version} ${rights.join(' ')}`);
  return [
    ...(slots.length > 0 ? [`parameters ${slots.join(', ')}`] : []),
    ...(objects.length > 0 ? [`uses ${objects.join(', ')}`] : []),
    printBound(statement),
  ].join('\n');
}

/**
 * What each node of a plan reads, and which columns of its rows are read by those above it: what is not read need not be kept.
 */

import type { PhysicalNode, RowIds, Subplan } from '../../engine/plan/physical.ts';
import { inputsOf as inputsAsListed } from '../../engine/plan/physical-tree.ts';
import type { BoundExpression, BoundSortKey, ColumnId } from '../../engine/sblr/bound.ts';
import type { BoundFrame } from '../../engine/sblr/bound-relations.ts';
import { eachColumn } from './emitter.ts';

/** Columns of a node's rows that others read. */
export type Needed = ReadonlyMap<PhysicalNode, ReadonlySet<ColumnId>>;

const keysOf = (keys: readonly BoundSortKey[] | undefined): BoundExpression[] => (keys ?? []).map(({ expression }) => expression);

function frameValues({ startValue, endValue, rangeKey }: BoundFrame): BoundExpression[] {
  return [startValue, endValue, rangeKey].filter((one) => one !== null);
}

function rowIdExpressions(ids: RowIds): BoundExpression[] {
  if (ids.op === 'tokens') return [ids.value];
  if (ids.op !== 'range') return ids.parts.flatMap(rowIdExpressions);
  return [...ids.equal, ids.low?.value, ids.high?.value].filter((one) => one !== undefined);
}

/** The expressions of a node, its inputs' aside. */
export function expressionsOf(node: PhysicalNode): readonly BoundExpression[] {
  const all: (BoundExpression | null)[] = [];
  if ('filter' in node) all.push(node.filter);
  if ('gate' in node && node.gate !== undefined) all.push(node.gate);
  if ('condition' in node) all.push(node.condition);
  switch (node.node) {
    case 'IndexPoint':
      return [...node.key, ...all.filter((one) => one !== null)];
    case 'IndexRange':
      all.push(...node.equal, node.low?.value ?? null, node.high?.value ?? null);
      break;
    case 'IndexPoints':
      all.push(...node.values);
      break;
    case 'RowIdFetch':
      all.push(...rowIdExpressions(node.ids));
      break;
    case 'ValuesScan':
      all.push(...node.rows.flat());
      break;
    case 'FunctionScan':
      all.push(...node.arguments);
      break;
    case 'Compute':
      all.push(...node.columns.map(({ expression }) => expression));
      break;
    case 'HashAggregate':
      all.push(...node.keys.map(({ expression }) => expression));
      for (const { arguments: given, filter, order } of node.aggregates) all.push(...given, filter, ...keysOf(order));
      break;
    case 'Sort':
      all.push(...keysOf(node.keys));
      break;
    case 'TopN':
      all.push(...keysOf(node.keys), node.limit, node.offset);
      break;
    case 'LimitCount':
      all.push(node.limit, node.offset, ...keysOf(node.ties));
      break;
    case 'HashProbe':
    case 'MergeJoin':
      all.push(...node.keys.flatMap(({ left, right }) => [left, right]));
      break;
    case 'IndexJoin':
      all.push(...node.key, node.inner.filter);
      break;
    case 'ApplyMemo':
      all.push(...node.outer);
      break;
    case 'WindowFrames':
      all.push(...node.partition, ...keysOf(node.order));
      for (const { arguments: given, filter, frame } of node.functions) all.push(...given, filter, ...frameValues(frame));
      break;
    default:
  }
  return all.filter((one) => one !== null);
}

/** Calls `visit` for each of them. Every statement that is compiled asks so several times: usual nodes go without a list. */
export function eachExpressionOf(node: PhysicalNode, visit: (expression: BoundExpression) => void): void {
  switch (node.node) {
    case 'PageScan':
      if (node.filter !== null) visit(node.filter);
      return;
    case 'Compute':
      for (const { expression } of node.columns) visit(expression);
      return;
    case 'Sort':
      for (const { expression } of node.keys) visit(expression);
      return;
    default:
      for (const expression of expressionsOf(node)) visit(expression);
  }
}

/** The inputs of a node in the order in which they run: what is collected comes before what streams. */
export const inputsOf = (node: PhysicalNode): readonly PhysicalNode[] =>
  'build' in node ? [node.build, node.input] : inputsAsListed(node);

/** Every node of a plan, inputs first. */
export function eachNode(root: PhysicalNode, visit: (node: PhysicalNode) => void): void {
  for (const input of inputsOf(root)) eachNode(input, visit);
  visit(root);
}

/** Columns of a node's rows. */
export function columnsOf(node: PhysicalNode, subplans: readonly Subplan[]): Set<ColumnId> {
  const columns = new Set<ColumnId>();
  addColumnsOf(node, subplans, columns);
  columns.delete(-1);
  return columns;
}

function addColumnsOf(node: PhysicalNode, subplans: readonly Subplan[], columns: Set<ColumnId>): void {
  const add = (list: readonly { readonly column: ColumnId }[]): void => {
    for (const { column } of list) columns.add(column);
  };
  if ('input' in node && node.node !== 'HashAggregate') addColumnsOf(node.input, subplans, columns);
  if ('columns' in node && node.node !== 'HashDistinct') add(node.columns);
  if ('rowId' in node) columns.add(node.rowId);
  if ('build' in node && node.kind !== 'semi' && node.kind !== 'anti' && node.kind !== 'mark')
    addColumnsOf(node.build, subplans, columns);
  if ('mark' in node) columns.add(node.mark);
  switch (node.node) {
    case 'HashAggregate':
      add(node.keys);
      add(node.aggregates);
      add(node.grouping ?? []);
      break;
    case 'IndexJoin':
      add(node.inner.columns);
      columns.add(node.inner.rowId);
      break;
    case 'ApplyMemo':
      add(subplans[node.plan].columns);
      break;
    case 'WindowFrames':
      add(node.functions);
      break;
    case 'FunctionScan':
      columns.add(node.ordinality);
      break;
    default:
  }
}

/** Columns that a node reads of its inputs' rows, added to others. */
function withReadBy(node: PhysicalNode, read: Set<ColumnId>): Set<ColumnId> {
  const add = (column: ColumnId): void => void read.add(column);
  eachExpressionOf(node, (expression) => eachColumn(expression, add));
  if (node.node === 'LockRow') add(node.rowId);
  if (node.node === 'HashDistinct') node.columns.forEach(add);
  return read;
}

/** `read`: columns that are read of the root's rows. */
export function neededColumns(root: PhysicalNode, read: Iterable<ColumnId>): Needed {
  const needed = new Map<PhysicalNode, ReadonlySet<ColumnId>>();
  const walk = (node: PhysicalNode, above: ReadonlySet<ColumnId>): void => {
    needed.set(node, above);
    if (node.node === 'HashSetOp') {
      walk(node.left, new Set(node.columns.map(({ left }) => left)));
      walk(node.right, new Set(node.columns.map(({ right }) => right)));
    } else if (node.node === 'Recurse') {
      walk(node.base, new Set(node.columns.map(({ base }) => base)));
      walk(node.step, new Set(node.columns.map(({ step }) => step)));
    } else if (inputsOf(node).length > 0) {
      // Of grouped rows only keys and results are seen above.
      const own = withReadBy(node, node.node === 'HashAggregate' ? new Set() : new Set(above));
      for (const input of inputsOf(node)) walk(input, own);
    }
  };
  walk(root, new Set(read));
  return needed;
}

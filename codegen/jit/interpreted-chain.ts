/**
 * Which statements are interpreted in their first runs (interpreted.ts): one chain over one table, a few rows, expressions of
 * immutable primitives over plain types. All others are compiled.
 */

import type {
  Compute,
  Filter,
  IndexPoint,
  IndexPoints,
  IndexRange,
  LimitCount,
  PageScan,
  PhysicalNode,
  PhysicalStatement,
  Sort,
  TopN,
} from '../../engine/plan/physical.ts';
import type { BoundExpression, OutputColumn } from '../../engine/sblr/bound.ts';
import { isInterpreted } from '../../engine/sblr/interpret.ts';
import type { TableRuntime } from '../../engine/storage/rows/runtime.ts';
import { heapPageCount } from '../../engine/storage/space/heap-map.ts';

/** Rows, or values that are looked up, that a first run may be expected to meet. */
const EXPECTED_MAX = 48;

/** Types whose values are the same to generated code and to the primitives. */
const TYPES = new Set([
  ...['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'text', 'varchar', 'char', 'bytea', 'uuid'],
  ...['date', 'time', 'timestamp', 'timestamptz', 'interval'],
]);

export type Source = PageScan | IndexPoint | IndexRange | IndexPoints;
export type RowStep = Filter | Compute | LimitCount;

/** A plan as far as it is one chain over one table. */
export interface Chain {
  readonly source: Source;
  /** Above the source, the lowest first. */
  readonly steps: readonly RowStep[];
  readonly order: Sort | TopN | null;
}

/** The chain of a plan, if it may be interpreted. */
export function interpretedChain(plan: PhysicalStatement): Chain | null {
  const chain = chainOf(plan);
  return chain !== null && chainIsInterpreted(chain, plan.output) ? chain : null;
}

function chainOf(plan: PhysicalStatement): Chain | null {
  if (plan.kind !== 'query' || plan.output.length > COLUMNS_MAX) return null;
  if ((plan.subplans ?? []).length > 0 || (plan.spools ?? []).length > 0) return null;
  const steps: RowStep[] = [];
  let node: PhysicalNode = plan.root;
  let order: Sort | TopN | null = null;
  for (;;) {
    switch (node.node) {
      case 'Sort':
      case 'TopN':
        // What is done behind an order is compiled.
        if (order !== null || steps.length > 0) return null;
        order = node;
        break;
      case 'Filter':
      case 'Compute':
        steps.unshift(node);
        break;
      case 'LimitCount':
        if (steps.some((step) => step.node === 'LimitCount') || (node.ties ?? []).length > 0) return null;
        steps.unshift(node);
        break;
      case 'PageScan':
      case 'IndexPoint':
      case 'IndexRange':
      case 'IndexPoints':
        return { source: node, steps, order };
      default:
        return null;
    }
    node = node.input;
  }
}

/** Wider rows are put together by code. */
const COLUMNS_MAX = 48;

function chainIsInterpreted({ source, steps, order }: Chain, output: readonly OutputColumn[]): boolean {
  if (source.rowId >= 0 || source.gate !== undefined) return false;
  if (!source.columns.every(({ type }) => TYPES.has(type.name))) return false;
  // An object takes it for its prototype.
  if (!output.every(({ name, type }) => name !== '__proto__' && TYPES.has(type.name))) return false;
  if (!sourceIsInterpreted(source) || !mayBe(source.filter)) return false;
  for (const step of steps) {
    if (step.node === 'Filter' && !mayBe(step.condition)) return false;
    if (step.node === 'Compute' && !step.columns.every(({ expression }) => mayBe(expression))) return false;
    if (step.node === 'LimitCount' && !(mayBe(step.limit) && mayBe(step.offset))) return false;
  }
  if (order === null) return true;
  if (!order.keys.every(({ expression }) => mayBe(expression))) return false;
  return order.node === 'Sort' || (mayBe(order.limit) && mayBe(order.offset));
}

function sourceIsInterpreted(source: Source): boolean {
  switch (source.node) {
    case 'PageScan':
      return true;
    case 'IndexPoint':
      return source.key.every(mayBe);
    case 'IndexPoints':
      return (
        source.indexOnly !== true && source.array !== true && source.values.every(mayBe) && source.values.length <= EXPECTED_MAX
      );
    case 'IndexRange':
      return (
        source.indexOnly !== true &&
        source.estimate.rows <= EXPECTED_MAX &&
        source.equal.every(mayBe) &&
        mayBe(source.low?.value ?? null) &&
        mayBe(source.high?.value ?? null)
      );
  }
}

const mayBe = (node: BoundExpression | null): boolean => node === null || isInterpreted(node, isPlainNode);

const isPlainNode = ({ op, type }: BoundExpression): boolean | undefined =>
  !TYPES.has(type.name) ? false : op === 'parameter' ? true : undefined;

/** Its pages hold a few rows. */
export const isSmall = (source: Source, { mapRoot }: TableRuntime, space: Parameters<typeof heapPageCount>[0]): boolean =>
  source.node !== 'PageScan' || heapPageCount(space, mapRoot) <= 1;

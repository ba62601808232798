/**
 * Cuts a plan into stages: each begins at a source or at what the stage before has collected, goes through steps row by row, and
 * ends in a sink.
 *
 *   PageScan Filter | HashAggregate Filter | Sort LimitCount -> rows
 *   `------ 1 -----'`--------- 2 ---------'`------- 3 ------'
 */

import type {
  Compute,
  Filter,
  HashAggregate,
  HashDistinct,
  LimitCount,
  LockRow,
  PhysicalNode,
  PhysicalSource,
  Sort,
  TopN,
} from '../../engine/plan/physical.ts';
import type { BoundExpression } from '../../engine/sblr/bound.ts';

export type Step = Filter | Compute | HashDistinct | LimitCount | LockRow;
export type Breaker = HashAggregate | Sort | TopN;

export interface Stage {
  /** What it begins at. */
  readonly source: PhysicalSource | Breaker;
  readonly steps: readonly Step[];
  /** What it fills; null: the statement's own sink. */
  readonly breaker: Breaker | null;
}

const isBreaker = (node: PhysicalNode): node is Breaker =>
  node.node === 'HashAggregate' || node.node === 'Sort' || node.node === 'TopN';

/** The stages of a plan, first to run first. */
export function stagesOf(root: PhysicalNode): Stage[] {
  const chain: PhysicalNode[] = [];
  for (let node = root; ; ) {
    chain.push(node);
    if (!('input' in node)) break;
    node = node.input;
  }
  chain.reverse();
  const stages: Stage[] = [];
  let source = chain[0] as PhysicalSource | Breaker;
  let steps: Step[] = [];
  for (const node of chain.slice(1)) {
    if (isBreaker(node)) {
      stages.push({ source, steps, breaker: node });
      source = node;
      steps = [];
    } else steps.push(node as Step);
  }
  stages.push({ source, steps, breaker: null });
  return stages;
}

/** Conditions that must all be true, in their order. */
export const conjuncts = (condition: BoundExpression | null): readonly BoundExpression[] =>
  condition === null ? [] : condition.op === 'and' ? condition.operands.flatMap(conjuncts) : [condition];

/** Every expression of a stage and what it fills: for counting how often columns are read. */
export function expressionsOf(stage: Stage): BoundExpression[] {
  const all: BoundExpression[] = [];
  const { source, steps, breaker } = stage;
  if ('filter' in source && source.filter !== null) all.push(source.filter);
  for (const step of steps) {
    if (step.node === 'Filter') all.push(step.condition);
    if (step.node === 'Compute') all.push(...step.columns.map(({ expression }) => expression));
  }
  if (breaker?.node === 'HashAggregate') {
    all.push(...breaker.keys.map(({ expression }) => expression));
    for (const { arguments: given, filter, order } of breaker.aggregates) {
      all.push(...given, ...order.map(({ expression }) => expression));
      if (filter !== null) all.push(filter);
    }
  } else if (breaker !== null) all.push(...breaker.keys.map(({ expression }) => expression));
  return all;
}

/**
 * What the parts of planning share: the statement's surroundings, what it has made besides its tree (subplans, spools), and the
 * questions and answers between a relation and what it is made from.
 *
 *   relation  --plan(needed columns, wanted order, rows wanted)-->  node, whether it comes in that order, what is known of its rows
 */

import type { CatalogTable } from '../../catalog/objects.ts';
import type { BoundExpression, BoundRelation, BoundSortKey, ColumnId } from '../../sblr/bound.ts';
import type { BoundChange } from '../../sblr/bound-relations.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import type { PhysicalChange, PhysicalNode, SpoolPlan, Subplan } from '../physical.ts';
import type { TableSizes } from './access-path.ts';
import type { CostHooks } from './cost.ts';
import type { Spread } from './gather.ts';
import type { Facts, Knowledge } from './facts.ts';
import type { Columns } from './made.ts';

export interface OptimizeEnvironment {
  table(id: number): CatalogTable;
  /** Rows and pages as of now; an estimate. */
  size(table: CatalogTable): TableSizes;
  /** Value of a parameter slot if planning may look at it (literals of the text at hand); undefined otherwise. */
  parameter(index: number): RowValue | undefined;
  /** Rows that relations were seen to have when the statement ran (identity.ts): they count more than estimates. */
  readonly observed?: ReadonlyMap<string, number>;
  /** Threads that a statement may be spread over; left out: one. */
  readonly spread?: Spread | undefined;
  /** For tests: which plans are to be taken whatever they cost. */
  readonly hooks?: CostHooks;
}

export interface Planned {
  readonly node: PhysicalNode;
  /** Its rows come in the order that was wanted. */
  readonly ordered: boolean;
  readonly facts: Facts;
}

export interface Wanted {
  readonly needed: ReadonlySet<ColumnId>;
  readonly order: readonly BoundSortKey[];
  /** Rows after which nobody asks for more; Infinity: all. */
  readonly rows: number;
}

export const ANY_ORDER: readonly BoundSortKey[] = [];
export const ALL_ROWS = Number.POSITIVE_INFINITY;

/** A WITH's relation that is collected. */
export interface Spooled {
  readonly spool: number;
  readonly planned: Planned;
}

export interface Planner extends Knowledge {
  readonly environment: OptimizeEnvironment;
  readonly subplans: Subplan[];
  readonly spools: SpoolPlan[];
  /** By the number of the WITH's relation. */
  readonly collected: Map<number, Spooled>;
  /** What the base of a recursion is known to give, by its number. */
  readonly recursions: Map<number, Planned>;
  /** Columns that something in the statement reads. */
  readonly read: ReadonlySet<ColumnId>;
  plan(relation: BoundRelation, wanted: Wanted): Planned;
  change(statement: BoundChange['statement']): PhysicalChange;
  /** Plans what reads `columns` as constants of its run. */
  within<Result>(columns: Columns, plan: () => Result): Result;
  freshColumn(): ColumnId;
}

/** Rows that a table is taken to have as long as nobody has counted: plans are made before rows come in, and kept. */
const ROWS_ASSUMED = 1000;

/** Size of a table for comparing ways to join. */
export function sizeOf({ environment }: Planner, table: CatalogTable): TableSizes {
  const size = environment.size(table);
  return table.statistics === null ? { ...size, rows: Math.max(size.rows, ROWS_ASSUMED) } : size;
}

export const knownNumber = (planner: Knowledge, expression: BoundExpression, guess: number): number => {
  const value = planner.known(expression);
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : guess;
};

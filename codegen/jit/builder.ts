/**
 * What the parts of one program share while it is compiled: the environment, the numbered places of calls, the parts that each
 * state gets of its own (readers, groups, sorters), and the tables that a run uses.
 */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { PhysicalNode, Subplan } from '../../engine/plan/physical.ts';
import type { SpoolPlan } from '../../engine/plan/physical.ts';
import type { CompileEnvironment, RowFormat } from '../../engine/plan/program.ts';
import type { ColumnId, BoundExpression } from '../../engine/sblr/bound.ts';
import type { SqlType } from '../../engine/sblr/types.ts';
import { type ColumnReader, eachColumn, Emitter } from './emitter.ts';
import type { Few } from './few.ts';
import type { GatherStage } from './gather-stage.ts';
import type { GatherProgram } from './gather-task.ts';
import type { State } from './state.ts';
import type { StoreCode } from './store-code.ts';
import { subplanUse } from './subplan-code.ts';
import { type Source, Unit } from './unit.ts';

export class Builder {
  readonly environment: CompileEnvironment;
  readonly format: RowFormat;
  readonly sites: number[];
  readonly sources: Source[];
  /** Makes of state.parts, by number. */
  readonly parts: ((state: State) => unknown)[] = [];
  /** Kernel ids of the tables that are read or written. */
  readonly tables: Set<number>;
  /** How often each column is read. */
  readonly uses = new Map<ColumnId, number>();
  /** Their types, where an expression says them. */
  readonly types = new Map<ColumnId, SqlType>();
  /** Limits: counters so far. */
  counters = 0;
  /** Those of the statement, by number. */
  spools: readonly SpoolPlan[] = [];
  /** The statement is expected to meet few rows (few.ts); null: it is not. */
  few: Few | null = null;
  /** People will read the code. */
  isShown = false;
  /** Orders of few rows that keep rows of the result, and what makes these. */
  readonly finished = new Map<PhysicalNode, (emitter: Emitter) => string>();
  /** Where a recursion's step reads the rows that came last, by its number. */
  readonly works = new Map<number, StoreCode>();
  /** What other threads are sent of the statement; null: it is not spread. */
  gatherProgram: (() => GatherProgram | null) | null = null;
  /** Number of the SharedSpool of the statement's state whose stages these are; -1: of none. */
  within = -1;
  /** Stages that are spread, in the order in which they were made. */
  readonly gathers: GatherStage[] = [];
  /** Its code asks subplans. */
  hasSubplans = false;
  /** Other tables refer to what it changes; what it changes refers to others. */
  cascades = false;
  refers = false;
  /** Of EXPLAIN ANALYZE: where the counters of nodes begin. */
  readonly counted: Map<PhysicalNode, number>;
  #pipelines = 0;
  /** Sets of DISTINCT so far. */
  distincts = 0;
  /** Columns that every expression may read: those of the blocks around a subplan. */
  readonly outer: ReadonlyMap<ColumnId, ColumnReader>;
  readonly #owned = new Map<object, unknown>();

  readonly subplans: readonly Subplan[];
  /** Of a subplan: the builder of the plan around it. */
  readonly around: Builder | null;

  /** `around`: of a subplan, the builder of the plan around it; `outer`: what it reads of that. */
  constructor(
    environment: CompileEnvironment,
    format: RowFormat,
    subplans: readonly Subplan[] = [],
    around: Builder | null = null,
    outer: ReadonlyMap<ColumnId, ColumnReader> = new Map(),
  ) {
    this.environment = environment;
    this.format = format;
    this.subplans = subplans;
    this.outer = outer;
    this.around = around;
    this.sites = around?.sites ?? [];
    this.sources = around?.sources ?? [];
    this.tables = around?.tables ?? new Set();
    this.spools = around?.spools ?? [];
    this.few = around?.few ?? null;
    this.isShown = around?.isShown ?? false;
    this.counted = around?.counted ?? new Map();
  }

  /** A number for a pipeline of EXPLAIN ANALYZE; `goesOn`: it is part of the one before. */
  nextPipeline(goesOn: boolean): number {
    if (this.around !== null) return this.around.nextPipeline(goesOn);
    if (!goesOn) this.#pipelines++;
    return this.#pipelines;
  }

  /** The builder of a subplan: with parts of its own. */
  inside(outer: ReadonlyMap<ColumnId, ColumnReader>): Builder {
    return new Builder(this.environment, this.format, this.subplans, this, outer);
  }

  /** An emitter of the wide rendering over these columns. */
  emitter(columns: Iterable<readonly [ColumnId, ColumnReader]> = []): Emitter {
    return new Emitter(this.unit(), true, '', this.columns(columns));
  }

  columns(columns: Iterable<readonly [ColumnId, ColumnReader]>): Map<ColumnId, ColumnReader> {
    return this.outer.size === 0 ? new Map(columns) : new Map([...this.outer, ...columns]);
  }

  /** What belongs to a node, however often its code is written: numbers of its parts and counters, what its slots hold. */
  own<Made>(node: object, make: () => Made): Made {
    if (!this.#owned.has(node)) this.#owned.set(node, make());
    return this.#owned.get(node) as Made;
  }

  unit(): Unit {
    return new Unit(this.sites, this.sources, (plan, kind) => subplanUse(this, plan, kind), this.isShown);
  }

  part(make: (state: State) => unknown): number {
    return this.parts.push(make) - 1;
  }

  catalog(table: number): CatalogTable {
    const found = this.environment.table(table);
    return found;
  }

  countUses(expression: BoundExpression | null): void {
    if (expression !== null) this.countExpression(expression);
  }

  readonly countExpression = (expression: BoundExpression): void => eachColumn(expression, this.#countTyped);

  readonly #countTyped = (column: ColumnId, type: SqlType): void => this.countUse(column, type);

  countUse(column: ColumnId, type?: SqlType): void {
    if (type !== undefined) this.types.set(column, type);
    this.uses.set(column, (this.uses.get(column) ?? 0) + 1);
  }
}

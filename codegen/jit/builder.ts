/**
 * What the parts of one program share while it is compiled: the environment, the numbered places of calls, the parts that each
 * state gets of its own (readers, groups, sorters), and the tables that a run uses.
 */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { CompileEnvironment, RowFormat } from '../../engine/plan/program.ts';
import type { ColumnId, BoundExpression } from '../../engine/sblr/bound.ts';
import { eachColumn } from './emitter.ts';
import type { State } from './state.ts';
import { type Source, Unit } from './unit.ts';

export class Builder {
  readonly environment: CompileEnvironment;
  readonly format: RowFormat;
  readonly sites: number[] = [];
  readonly sources: Source[] = [];
  /** Makes of state.parts, by number. */
  readonly parts: ((state: State) => unknown)[] = [];
  /** Kernel ids of the tables that are read or written. */
  readonly tables = new Set<number>();
  /** How often each column is read. */
  readonly uses = new Map<ColumnId, number>();
  /** Limits: counters so far. */
  counters = 0;
  /** Sets of DISTINCT so far. */
  distincts = 0;

  constructor(environment: CompileEnvironment, format: RowFormat) {
    this.environment = environment;
    this.format = format;
  }

  unit(): Unit {
    return new Unit(this.sites, this.sources);
  }

  part(make: (state: State) => unknown): number {
    return this.parts.push(make) - 1;
  }

  catalog(table: number): CatalogTable {
    const found = this.environment.table(table);
    return found;
  }

  countUses(expression: BoundExpression | null): void {
    if (expression === null) return;
    eachColumn(expression, (column) => this.countUse(column));
  }

  countUse(column: ColumnId): void {
    this.uses.set(column, (this.uses.get(column) ?? 0) + 1);
  }
}

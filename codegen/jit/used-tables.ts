/**
 * The tables of a statement while it is compiled. A definition that is under way shows its form of a table to all threads before it
 * commits, and takes it back when it is rolled back; nobody runs a statement on that table meanwhile, but statements are compiled
 * (TX-T14):
 *
 *   compiled for the form of a definition that commits       the catalog has moved: compiled again
 *   ... of one that is rolled back                           the catalog has moved, too, and isCurrent() finds another form
 *   an index of the plan is not there in that form           WaitingProgram: waits for the definition, then all is looked at again
 */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { PhysicalStatement } from '../../engine/plan/physical.ts';
import {
  type CompileEnvironment,
  type Execution,
  type KernelAccess,
  type Program,
  RUN_WAIT,
  type Run,
} from '../../engine/plan/program.ts';
import type { TableRuntime } from '../../engine/storage/rows/runtime.ts';
import { TABLE_ACCESS, useTable } from '../../engine/txn/table-locks.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';

/** The form of a table lacks an index that the plan's catalog has. */
export class TableMoved extends Error {
  /** Its kernel id. */
  readonly table: number;

  constructor(table: number) {
    super('a definition is under way');
    this.table = table;
  }
}

export class UsedTables {
  /** The environment to compile in. */
  readonly environment: CompileEnvironment;
  readonly #given: CompileEnvironment;
  readonly #used = new Map<CatalogTable, TableRuntime>();
  readonly #asked = new Map<number, CatalogTable>();

  constructor(given: CompileEnvironment) {
    this.#given = given;
    this.environment = {
      table: (id) => {
        const table = given.table(id);
        this.#asked.set(id, table);
        return table;
      },
      runtime: (table) => this.#runtime(table),
      virtualRows: (name, lookup) => given.virtualRows(name, lookup),
      withoutReferences: given.withoutReferences === true,
      kernel: given.kernel,
    };
  }

  /** Those that were asked for so far. */
  get tables(): readonly CatalogTable[] {
    return [...this.#asked.values()];
  }

  /** One form of a table for the whole statement. */
  #runtime(table: CatalogTable): TableRuntime {
    const known = this.#used.get(table);
    if (known !== undefined) return known;
    const runtime = this.#given.runtime(table);
    if (table.indexes.some(({ kernelIndex }) => kernelIndex >= runtime.indexes.length)) throw new TableMoved(table.kernelTable);
    this.#used.set(table, runtime);
    return runtime;
  }

  /** The tables have the forms that were used. */
  areCurrent(): boolean {
    for (const [table, runtime] of this.#used) if (this.#given.runtime(table) !== runtime) return false;
    return true;
  }
}

/** Stands for a statement that cannot be compiled while a definition is under way. */
export class WaitingProgram implements Program {
  readonly output: Program['output'];
  readonly writes = false;
  readonly simple = false;
  readonly direct = null;
  readonly #table: number;
  readonly #kernel: KernelAccess;

  constructor(plan: PhysicalStatement, table: number, kernel: KernelAccess) {
    this.output = plan.output;
    this.#table = table;
    this.#kernel = kernel;
  }

  isCurrent(): boolean {
    return false;
  }

  /** When it need not wait, the definition has ended, and the catalog has moved: whoever runs it sees that before the first step. */
  start(run: Run): Execution {
    const waits = useTable(this.#kernel.locks, run.tx, this.#table, TABLE_ACCESS);
    return {
      step() {
        if (waits) return RUN_WAIT;
        throw new SqlError(SQLSTATE.internal_error, 'a table has lost an index, though nothing was defined');
      },
      close() {},
    };
  }
}

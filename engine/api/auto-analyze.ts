/**
 * Statistics gathered by themselves (JOB_STATISTICS): a table is looked at again once so many of its rows have changed as PostgreSQL's
 * autovacuum_analyze_threshold and autovacuum_analyze_scale_factor say, at most every autovacuum_naptime.
 *
 *   statements --rows changed--> engine/jobs/table-changes.ts --due--> job, one table a slice --> ANALYZE in a transaction of its own
 *
 * The clocks of jobs are looked at by writing calls and by the pool. Where neither comes by, after a load that is followed by reads, a
 * timer of the thread that made the table due asks for the pool; it keeps no process alive.
 *
 * A thread of the pool takes the whole sample. Where there is no pool, a writing call does it with a sample of a tenth (J1), and only then.
 */

import { STATISTICS_TARGET } from '../catalog/analyze.ts';
import { Catalog, SUPERUSER } from '../catalog/catalog.ts';
import type { CatalogSession } from '../catalog/definitions.ts';
import { JOB_STATISTICS, poolThreads, registerJob, registerPeriodic } from '../jobs/jobs.ts';
import { putJobOnce, wantPool } from '../jobs/queue.ts';
import { dueTables, isSomeTableDue, setDue, setThreshold } from '../jobs/table-changes.ts';
import { SqlError } from '../../shm/errors.ts';
import { CatalogPort } from './catalog-port.ts';
import type { Kernel } from './kernel.ts';

/** Of the sample where a statement waits for it. */
const SMALL_TARGET = STATISTICS_TARGET / 10;
/** How long the job waits for who defines the table, ms. It comes back. */
const LOCK_MS = 50;

/** Once in each thread that runs jobs. `catalogOf`: this thread's catalog; left out: one of its own, made when first needed. */
export function registerAutoAnalyze(kernel: Kernel, catalogOf?: () => Catalog): void {
  const { jobs, parts } = kernel;
  const { analyzeEvery } = parts.settings;
  if (analyzeEvery <= 0) return;
  const job = new AutoAnalyze(kernel, catalogOf ?? (() => openedCatalog(kernel)));
  registerJob(jobs, JOB_STATISTICS, () => job.slice());
  registerPeriodic(jobs, {
    kind: JOB_STATISTICS,
    milliseconds: analyzeEvery,
    wanted: () => isSomeTableDue(parts.tableChanges),
  });
  if (parts.settings.poolThreads > 0) askByTimer(kernel, analyzeEvery);
}

function askByTimer(kernel: Kernel, milliseconds: number): void {
  const { jobs, parts } = kernel;
  let isSet = false;
  const ask = (): void => {
    isSet = false;
    if (!kernel.isOpen || !isSomeTableDue(parts.tableChanges)) return;
    try {
      kernel.enter(() => {
        putJobOnce(jobs, JOB_STATISTICS);
        if (poolThreads(jobs) === 0) wantPool(jobs);
      });
    } catch (error) {
      // A poisoned handle tells those who use it.
      if (!(error instanceof SqlError) || !error.code.startsWith('57P')) throw error;
    }
  };
  parts.changedRows.told = () => {
    if (isSet || !isSomeTableDue(parts.tableChanges)) return;
    isSet = true;
    setTimeout(ask, milliseconds).unref();
  };
}

function openedCatalog(kernel: Kernel): Catalog {
  const catalog = new Catalog(new CatalogPort(kernel));
  catalog.open(
    () => kernel.begin(),
    (tx) => kernel.commit(tx),
  );
  return catalog;
}

class AutoAnalyze {
  readonly #kernel: Kernel;
  readonly #make: () => Catalog;
  #catalog: Catalog | null = null;
  #session: CatalogSession | null = null;
  /** A pool was asked for. */
  #asked = false;

  constructor(kernel: Kernel, make: () => Catalog) {
    this.#kernel = kernel;
    this.#make = make;
  }

  /** Looks after one table; true: others are due. */
  slice(): boolean {
    const { jobs, parts } = this.#kernel;
    const isInPool = poolThreads(jobs) > 0;
    if (!isInPool && parts.settings.poolThreads > 0 && !this.#asked) {
      this.#asked = true;
      wantPool(jobs);
      return true;
    }
    this.#asked = false;
    const due = dueTables(parts.tableChanges);
    if (due.length === 0) return false;
    this.#catalog ??= this.#make();
    this.#session ??= this.#catalog.openSession(SUPERUSER, []);
    for (const [at, { table, changes }] of due.entries()) {
      if (this.#look(this.#catalog, this.#session, table, changes, isInPool)) return at + 1 < due.length;
    }
    return false;
  }

  /** True: its statistics were gathered. */
  #look(catalog: Catalog, session: CatalogSession, kernelTable: number, changes: number, isWhole: boolean): boolean {
    const { tableChanges, settings } = this.#kernel.parts;
    const table = catalog.tableOfKernel(kernelTable);
    if (table === null) {
      // Dropped, or of one session only, which looks after its own.
      setThreshold(tableChanges, kernelTable, changes, Number.MAX_SAFE_INTEGER);
      return false;
    }
    const threshold = settings.analyzeThreshold + settings.analyzeScale * table.rows;
    if (changes >= threshold) return this.#analyze(catalog, session, table.id, isWhole);
    setThreshold(tableChanges, kernelTable, 0, threshold);
    return false;
  }

  /** In a transaction of its own; false: somebody defines the table just now. */
  #analyze(catalog: Catalog, session: CatalogSession, id: number, isWhole: boolean): boolean {
    const kernel = this.#kernel;
    const tx = kernel.begin();
    tx.lockTimeout = LOCK_MS;
    try {
      catalog.analyze(tx, session, id, isWhole ? STATISTICS_TARGET : SMALL_TARGET);
      kernel.commit(tx);
      return true;
    } catch (error) {
      if (tx.open) kernel.rollback(tx);
      // Locked, gone, or the disk is full: nobody has asked for it, and it comes back.
      setDue(kernel.parts.tableChanges);
      if (error instanceof SqlError && !error.code.startsWith('57P')) return false;
      throw error;
    }
  }
}

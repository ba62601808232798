/**
 * pg_stat_activity, pg_locks and pg_stat_statements: what a server knows of its clients. The catalog only gives the columns; whoever
 * serves says what the rows are (serveFigures), a thread each; embedded there are none.
 */

import type { SessionReader } from '../reader.ts';
import { FIRST_DATABASE } from '../system-tables.ts';
import { databaseNumber } from './pg-catalog.ts';
import { defineVirtual, type RowMakers, type VirtualRow, type VirtualTable } from './virtual-table.ts';

export interface ServedFigures {
  /** `numberOf`: the number of a database by its name. */
  activity(numberOf: (database: string) => number | null): Iterable<VirtualRow>;
  locks(): Iterable<VirtualRow>;
  statements(): Iterable<VirtualRow>;
}

const NOTHING: ServedFigures = { activity: () => [], locks: () => [], statements: () => [] };

let served = NOTHING;

/** From now on this thread's virtual tables have these rows. */
export function serveFigures(figures: ServedFigures): void {
  served = figures;
}

const unsigned = (word: number): number => word >>> 0;

function* lockRows(reader: SessionReader): Iterable<VirtualRow> {
  yield* served.locks();
  for (const { session, process, database, space, high, low, shared, granted } of reader.session.facts?.advisoryLocks() ?? [])
    yield {
      ...{
        locktype: 'advisory',
        database: databaseNumber(database),
        classid: unsigned(high),
        objid: unsigned(low),
        objsubid: space,
      },
      ...{ virtualtransaction: `${session}/0`, pid: process, mode: shared ? 'ShareLock' : 'ExclusiveLock', granted },
      fastpath: false,
    };
}

export const PG_STAT: RowMakers = {
  pg_stat_activity: (reader) => served.activity((name) => reader.databaseNamed(name)?.id ?? FIRST_DATABASE),
  pg_locks: lockRows,
};

const COLUMNS =
  'userid oid, dbid oid, toplevel bool, queryid int8, query text, calls int8, total_exec_time float8, min_exec_time float8, ' +
  'max_exec_time float8, mean_exec_time float8, rows int8';

/** Of an extension in PostgreSQL. */
export const STATEMENTS: VirtualTable = defineVirtual('pg_catalog', 'pg_stat_statements', 12901, COLUMNS, () =>
  served.statements(),
);

/**
 * pg_stat_activity, pg_locks and pg_stat_statements: what a server knows of its clients. The catalog only gives the columns; whoever
 * serves says what the rows are (serveFigures), a thread each; embedded there are none.
 */

import { defineVirtual, type VirtualRow, type VirtualTable } from './virtual-table.ts';

export interface ServedFigures {
  activity(): Iterable<VirtualRow>;
  locks(): Iterable<VirtualRow>;
  statements(): Iterable<VirtualRow>;
}

const NOTHING: ServedFigures = { activity: () => [], locks: () => [], statements: () => [] };

let served = NOTHING;

/** From now on this thread's virtual tables have these rows. */
export function serveFigures(figures: ServedFigures): void {
  served = figures;
}

const ACTIVITY =
  'datid oid, datname name, pid int4, leader_pid int4, usesysid oid, usename name, application_name text, client_addr text, ' +
  'client_hostname text, client_port int4, backend_start timestamptz, xact_start timestamptz, query_start timestamptz, ' +
  'state_change timestamptz, wait_event_type text, wait_event text, state text, backend_xid int8, backend_xmin int8, query_id int8, ' +
  'query text, backend_type text';

const LOCKS =
  'locktype text, database oid, relation oid, page int4, tuple int2, virtualxid text, transactionid int8, classid oid, objid oid, ' +
  'objsubid int2, virtualtransaction text, pid int4, mode text, granted bool, fastpath bool, waitstart timestamptz';

const STATEMENTS =
  'userid oid, dbid oid, toplevel bool, queryid int8, query text, calls int8, total_exec_time float8, min_exec_time float8, ' +
  'max_exec_time float8, mean_exec_time float8, rows int8';

export const PG_STAT: readonly VirtualTable[] = [
  defineVirtual('pg_catalog', 'pg_stat_activity', 12101, ACTIVITY, () => served.activity()),
  defineVirtual('pg_catalog', 'pg_locks', 12102, LOCKS, () => served.locks()),
  defineVirtual('pg_catalog', 'pg_stat_statements', 12103, STATEMENTS, () => served.statements()),
];

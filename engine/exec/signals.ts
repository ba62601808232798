/** Sessions that are asked to end what they do, and who holds up whom: by the numbers under which clients know them. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Session } from '../session/session.ts';
import { advisoryRows } from '../txn/advisory.ts';
import { cancelSession, sessionAt } from '../txn/sessions.ts';
import { isRunning, slotOf } from '../txn/slots.ts';
import { SESSION_FREE, SESSION_WAITING } from '../txn/txn.layout.ts';
import {
  loadSessionState,
  loadSessionWaitsFor,
  loadSessionWaitsForHolder,
  loadSessionWaitsForReader,
  loadTxnSlotSession,
} from '../txn/txn.layout.gen.ts';
import type { Engine } from './engine.ts';

/** -1: there is none. Without a server the number is that of the slot. */
function sessionOf({ signals, txns }: Engine, process: number): number {
  if (signals !== undefined) return signals.slotOf(process);
  const slot = process - 1;
  if (slot < 0 || slot >= txns.options.sessions) return -1;
  return loadSessionState(txns.i32, sessionAt(txns, slot)) === SESSION_FREE ? -1 : slot;
}

/** True: it was asked to. 42501: only superusers end what superusers do, others what roles do that they are members of. */
export function signalProcess(engine: Engine, session: Session, process: number, what: 'cancel' | 'terminate'): boolean {
  const slot = sessionOf(engine, process);
  const { signals } = engine;
  if (slot < 0) return false;
  mustBeAllowed(engine, session, signals?.userOf(process) ?? session.user, what);
  if (what === 'cancel') cancelSession(engine.txns, slot, 1);
  else if (signals === undefined)
    throw new SqlError(SQLSTATE.feature_not_supported, 'sessions of a program are ended by the program', {
      hint: 'close() ends one',
    });
  else signals.terminate(process);
  return true;
}

function mustBeAllowed({ catalog }: Engine, session: Session, user: string, what: 'cancel' | 'terminate'): void {
  const lacks = catalog.lacksToSignal(session, user);
  if (lacks === null) return;
  const refuse = (message: string): SqlError => new SqlError(SQLSTATE.insufficient_privilege, message);
  if (lacks === 'superuser') throw refuse(`must be a superuser to ${what} superuser ${what === 'cancel' ? 'query' : 'process'}`);
  const whose = what === 'cancel' ? 'whose query is being canceled' : 'whose process is being terminated';
  throw refuse(`must be a member of the role ${whose} or member of pg_signal_backend`);
}

/** Processes that hold what a process waits for. */
export function blockersOf(engine: Engine, process: number): number[] {
  const { txns, signals } = engine;
  const { i32 } = txns;
  const slot = sessionOf(engine, process);
  if (slot < 0) return [];
  const at = sessionAt(txns, slot);
  if (loadSessionState(i32, at) !== SESSION_WAITING) return [];
  const processOf = (holder: number): number => signals?.processOf(holder) ?? holder + 1;
  const number = loadSessionWaitsFor(i32, at);
  if (number !== 0) {
    const holder = isRunning(txns, number) ? loadTxnSlotSession(i32, slotOf(txns, number)) - 1 : -1;
    return holder < 0 ? [] : [processOf(holder)];
  }
  const advisory = loadSessionWaitsForHolder(i32, at) - 1;
  if (advisory >= 0) return holdersOfKey(engine, slot).map(processOf);
  const reader = loadSessionWaitsForReader(i32, at) - 1;
  return reader < 0 ? [] : [processOf(reader)];
}

function holdersOfKey({ txns }: Engine, slot: number): number[] {
  const rows = advisoryRows(txns);
  const wanted = rows.find(({ session, granted }) => session === slot && !granted);
  if (wanted === undefined) return [];
  const { space, high, low, database } = wanted;
  const held = rows.filter(
    (row) =>
      row.granted &&
      row.session !== slot &&
      row.space === space &&
      row.high === high &&
      row.low === low &&
      row.database === database,
  );
  return [...new Set(held.map(({ session }) => session))];
}

/**
 * Random transactions that record what they read and write, for one session. Every version has a value of its own: the session's
 * number and a count. Works on the table of the interleaving cases (interleave/cases/kernel-store.ts), blocking.
 */

import { SqlError } from '../../shm/errors.ts';
import { SeededRandom } from '../../engine/storage/world.ts';
import { READ_COMMITTED, REPEATABLE_READ, ROW_DONE, SERIALIZABLE } from '../../engine/txn/transactions.ts';
import type { Rows } from '../interleave/cases/kernel-store.ts';
import type { Level, Recorded, Step } from './graph.ts';

const ISOLATION = { 'read committed': READ_COMMITTED, 'repeatable read': REPEATABLE_READ, serializable: SERIALIZABLE } as const;

/** Versions of one session. */
const VERSIONS = 1 << 20;
const STEPS_MAX = 5;

export interface HistoryPlan {
  readonly level: Level;
  readonly seed: number;
  readonly session: number;
  readonly transactions: number;
  /** Rows of the table. */
  readonly ids: readonly number[];
}

/** Runs them; those that are refused (serialization failure, deadlock) or rolled back are recorded as such. */
export function runTransactions(rows: Rows, plan: HistoryPlan): Recorded[] {
  const random = new SeededRandom(`history ${plan.seed} ${plan.session}`);
  let versions = 0;
  const nextVersion = (): number => (plan.session + 1) * VERSIONS + ++versions;
  return Array.from({ length: plan.transactions }, (_, number) => {
    const steps: Step[] = [];
    const committed = runOne(rows, plan, random, steps, nextVersion);
    return { name: `${plan.session}.${number}`, committed, steps };
  });
}

function runOne(rows: Rows, plan: HistoryPlan, random: SeededRandom, steps: Step[], nextVersion: () => number): boolean {
  const { kernel } = rows;
  const tx = kernel.begin({ isolation: ISOLATION[plan.level] });
  try {
    const count = 1 + random.below(STEPS_MAX);
    for (let step = 0; step < count; step++) {
      const key = plan.ids[random.below(plan.ids.length)];
      if (random.chance(0.5)) steps.push({ key, version: rows.read(tx, key) ?? -1 });
      else steps.push(write(rows, tx, key, nextVersion()));
    }
    if (random.chance(0.1)) kernel.rollback(tx);
    else {
      kernel.commit(tx);
      return true;
    }
  } catch (error) {
    if (tx.open) kernel.rollback(tx);
    if (!(error instanceof SqlError) || !['40001', '40P01'].includes(error.code)) throw error;
  }
  return false;
}

function write(rows: Rows, tx: Parameters<Rows['read']>[0], key: number, version: number): Step {
  // A statement may run several times: what the last run found counts.
  let before = -1;
  const status = rows.update(tx, key, (found) => {
    before = found;
    return version;
  });
  if (status !== ROW_DONE) throw new Error(`row ${key} is gone: ${status}`);
  return { key, version, before };
}

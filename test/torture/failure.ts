/** What the torture run says when the database was wrong, and which errors are no failure but part of the game. */

import { SqlError } from '../../shm/errors.ts';

/** The database gave or kept something else than the model: a bug, with what was expected and what was found. */
export class TortureFailure extends Error {
  override readonly name = 'TortureFailure';
}

/** Throws TortureFailure unless the condition holds. `message` is made only when it does not. */
export function expect(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new TortureFailure(message());
}

/**
 * The transaction is rolled back and run again from its start:
 *   40001 serialization failure, 40P01 deadlock, 55P03 a wait for a transaction of one's own thread, 53300 no free slot,
 *   72000 a snapshot that became too old, 57014 cancelled
 */
const RETRIED: ReadonlySet<string> = new Set(['40001', '40P01', '55P03', '53300', '72000', '57014']);

/** A full disk: retried too, where the run plays one. */
export const DISK_FULL = '53100';
/** No room in a bounded memory: retried where the run makes memory that small. */
export const MEMORY_FULL = '53200';

/** A limit was met: retried where the run begins near it. */
export const LIMIT_MET = '54000';

export const sqlCode = (error: unknown): string => (error instanceof SqlError ? error.code : '');

export const isRetried = (error: unknown): boolean => RETRIED.has(sqlCode(error));

/** The handle cannot be trusted any more, or the disk has failed it: open again. */
export const isFatal = (error: unknown): boolean => ['57P02', '58030'].includes(sqlCode(error));

/** Damage that was reported as such (SM-W10). */
export const isDamage = (error: unknown): boolean => ['XX001', 'XX002'].includes(sqlCode(error));

/** An error with its causes, for people. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = sqlCode(error);
  const head = `${code === '' ? '' : `${code} `}${error.stack ?? error.message}`;
  return error.cause === undefined ? head : `${head}\n  caused by ${describeError(error.cause)}`;
}

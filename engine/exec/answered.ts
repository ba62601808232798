/** Errors and notices as a session tells them to its program. */

import { SqlError, SQLSTATE, withoutOverflow } from '../../shm/errors.ts';
import type { PhysicalStatement } from '../plan/physical.ts';
import type { Session } from '../session/session.ts';
import type { Notice } from './engine.ts';
import type { Shape } from './shape.ts';

const COMMANDS = { query: 'SELECT FOR UPDATE', insert: 'INSERT', update: 'UPDATE', delete: 'DELETE', merge: 'MERGE' } as const;

/** The error as it is told: what ended because the time was up says so, and what may not write says what it is. */
export function answered(session: Session, shape: Shape | null, thrown: unknown): unknown {
  const error = withoutOverflow(thrown);
  if (!(error instanceof SqlError)) return error;
  // It has been heard: the next statement is none of its business.
  if (error.code === SQLSTATE.query_canceled) session.clearCancel();
  if (error.code === SQLSTATE.read_only_sql_transaction && shape !== null) {
    const what = shape.plan === null ? definitionName(shape) : commandOf(shape.plan);
    return new SqlError(error.code, `cannot execute ${what} in a read-only transaction`, { cause: error });
  }
  const isEnd = error.code === SQLSTATE.query_canceled || error.code === SQLSTATE.lock_not_available;
  if (!isEnd || !session.isLate()) return error;
  return new SqlError(SQLSTATE.query_canceled, 'canceling statement due to statement timeout', { cause: error });
}

/** A change in a WITH is what a query may not do. */
function commandOf(plan: PhysicalStatement): string {
  const change = plan.kind === 'query' ? plan.spools?.find((spool) => spool.change !== undefined)?.change : undefined;
  const found = change ?? plan;
  return COMMANDS[found.kind === 'spread' ? found.command : found.kind];
}

/** 'CREATE TABLE', 'DROP INDEX'. */
function definitionName({ module: { statement } }: Shape): string {
  if (statement.kind !== 'utility') return 'EXPLAIN';
  const { op } = statement.statement;
  const what = statement.statement.op === 'drop' ? ` ${statement.statement.kind}` : '';
  return (op.replace(/[A-Z]/g, ' $&') + what).toUpperCase();
}

/** Programs that come from other databases write ? for a parameter. */
export function hinted(error: unknown, text: string): unknown {
  if (!(error instanceof SqlError) || error.code !== SQLSTATE.syntax_error || error.hint !== undefined) return error;
  if (!/[\s(=,]\?([\s),;]|$)/.test(text)) return error;
  const { position, cause } = error;
  return new SqlError(error.code, error.message, { position, cause, hint: 'parameters are written $1, $2 ..., or :name' });
}

const WEIGHTS: { readonly [severity: string]: number } = { notice: 1, warning: 2, error: 3 };

/** True when a notice weighs enough for the session (client_min_messages). */
export function isTold(session: Session, { severity }: Notice): boolean {
  const least = WEIGHTS[session.settings.get('client_min_messages')] ?? 0;
  return (WEIGHTS[severity.toLowerCase()] ?? least) >= least;
}

/**
 * CALL of a procedure in SQL: its arguments are evaluated, then its statements run one after the other with these as parameters, in the
 * caller's block or in one of their own. What it gives is the first row of the last statement.
 *
 *   steps()        what to run next, and with which values; takes what it answered
 *   runCall()      runs them on the calling thread
 *   runCallAsync() on an event loop: each waits without blocking
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { formatType } from '../catalog/virtual/describe.ts';
import type { EmbeddedFormat } from '../plan/program.ts';
import type { BoundRoutine, BoundUtility } from '../sblr/bound.ts';
import { NO_CHARACTERISTICS } from '../session/session.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { Connection, GivenInput, Result } from './connection.ts';
import type { Prepared } from './prepare.ts';
import { entered } from './run.ts';
import type { Shape } from './shape.ts';
import { isTransactionControl } from './utility.ts';

type Call = NonNullable<BoundUtility['call']>;

/** A statement to run. */
interface Step {
  readonly prepared: Prepared;
  readonly values: GivenInput;
}

/** Procedures that call one another. */
const DEPTH_MAX = 50;

/** What a shape calls; null: it is no CALL. */
export function callOf(shape: Shape): Call | null {
  if (shape.parts.kind !== 'utility') return null;
  const { statement } = shape.module;
  return statement.kind === 'utility' ? (statement.call ?? null) : null;
}

export function runCall(connection: Connection, shape: Shape, given: GivenInput, format: EmbeddedFormat): Result {
  const own = beginCall(connection);
  try {
    const steps = stepsOf(connection, shape, given);
    let next = steps.next();
    while (next.done !== true) next = steps.next(connection.run(next.value.prepared, next.value.values, 'array', false));
    if (own) entered(connection.engine, () => connection.session.commitBlock());
    return connection.told(shape, format, { tag: 'CALL', notices: [], rows: next.value });
  } catch (error) {
    failCall(connection, own);
    throw error;
  } finally {
    connection.calls--;
  }
}

export async function runCallAsync(
  connection: Connection,
  shape: Shape,
  given: GivenInput,
  format: EmbeddedFormat,
): Promise<Result> {
  const own = beginCall(connection);
  try {
    const steps = stepsOf(connection, shape, given);
    let next = steps.next();
    while (next.done !== true) {
      const { prepared, values } = next.value;
      next = steps.next(await connection.runAsync(prepared, values, 'array', false));
    }
    if (own) await connection.utility.commitAsync();
    return connection.told(shape, format, { tag: 'CALL', notices: [], rows: next.value });
  } catch (error) {
    failCall(connection, own);
    throw error;
  } finally {
    connection.calls--;
  }
}

/** True: it is in a block of its own. 54001 */
function beginCall(connection: Connection): boolean {
  const { engine, session } = connection;
  connection.refuseInFailed();
  if (connection.calls === DEPTH_MAX)
    throw new SqlError(SQLSTATE.statement_too_complex, 'procedures call one another without end', {
      hint: `at most ${DEPTH_MAX} may be under way`,
    });
  connection.calls++;
  return entered(engine, () => session.begin(NO_CHARACTERISTICS, engine.now(), true));
}

function failCall({ engine, session }: Connection, own: boolean): void {
  if (!own) session.failBlock();
  else if (session.transaction !== null) entered(engine, () => session.rollbackBlock());
}

function* stepsOf(connection: Connection, shape: Shape, given: GivenInput): Generator<Step, RowValue[][], Result> {
  const { routine, values } = callOf(shape) as Call;
  const ofCaller = shape.parts.parameters.slice(0, shape.parts.clientParameters);
  const { engine, session } = connection;
  const inputs = routine.parameters.filter(({ mode }) => mode === 'in' || mode === 'inout');
  const types = inputs.map(({ type }) => type);
  let arguments_: readonly unknown[] = [];
  if (values.length > 0) {
    const { dialect } = engine;
    const items = values.map((value, at) => {
      return `cast(cast(${dialect.render(value)} as ${formatType(types[at])}) as text)`;
    });
    const prepared = connection.prepareTyped(`select ${items.join(', ')}`, ofCaller) as Prepared;
    arguments_ = (yield { prepared, values: given }).rows[0] as unknown[];
  }
  const restore = yield* asOwner(connection, routine);
  let last: Result | null = null;
  try {
    const { render } = engine.dialectOf(routine.dialect);
    for (const statement of routine.statements) {
      if (isTransactionControl(statement as never) || statement.op === 'copy') throw notAllowed(statement.op);
      const prepared = connection.prepareTyped(render(statement), types);
      if (prepared === null) continue;
      last = yield { prepared, values: arguments_.slice(0, prepared.shape.parts.clientParameters) };
    }
  } finally {
    restore();
  }
  session.settleCursors();
  const taken = routine.parameters.filter(({ mode }) => mode === 'out' || mode === 'inout').length;
  if (taken === 0) return [];
  const row = (last?.rows[0] ?? Array.from({ length: taken }, () => null)) as RowValue[];
  return [row];
}

/** SECURITY DEFINER: with the rights of its owner. What undoes that. */
function* asOwner(connection: Connection, routine: BoundRoutine): Generator<Step, () => void, Result> {
  if (!routine.securityDefiner) return () => {};
  const { settings } = connection.session;
  const { rows } = yield { prepared: connection.prepare('select pg_get_userbyid($1::oid)::text'), values: [routine.owner] };
  const before = settings.get('role');
  settings.set('role', (rows[0] as string[])[0], false);
  return () => settings.set('role', before, false);
}

const WORDS: { readonly [op: string]: string } = { rollbackTo: 'ROLLBACK TO SAVEPOINT', setTransaction: 'SET TRANSACTION' };

const notAllowed = (op: string): SqlError =>
  new SqlError(SQLSTATE.feature_not_supported, `${WORDS[op] ?? op.toUpperCase()} is not allowed in an SQL function`);

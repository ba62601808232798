/**
 * Long statements of an engine worker's clients: they run on threads of their own, at lowered priority, and their rows come back
 * piece by piece, so that the worker serves its other clients meanwhile. Where all these threads are busy, and for statements that hang
 * on more of their session than can be handed on, the worker runs them itself, in slices.
 */

import { availableParallelism } from 'node:os';
import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { EncodedValues } from '../../plugins/contract/encoded-values.ts';
import type { RowFormat } from '../../plugins/contract/row-format.ts';
import { isPoisoned, poisonError } from '../../shm/critical.ts';
import { checkDeaths } from '../../shm/deaths.ts';
import { fromPlain, SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Database } from '../api/api.ts';
import type { Notice } from '../exec/engine.ts';
import type { Prepared } from '../exec/prepare.ts';
import type { Shape } from '../exec/shape.ts';
import { findPrimitive } from '../sblr/primitives.ts';
import type { Session } from '../session/session.ts';
import { CREDITS, type HeavyNews, type HeavyTask, PIECES } from './heavy-messages.ts';

/** What becomes of a statement. */
export interface HeavyListener {
  /** A piece of rows; `then` once the client has read. */
  rowsCame(bytes: Uint8Array, barrier: number, then: () => void): void;
  notice(notice: Notice): void;
  ended(rows: number, tag: string, barrier: number): void;
  failed(error: unknown, barrier: number): void;
}

interface Seat {
  readonly piscina: Piscina;
  isBusy: boolean;
}

export class HeavyThreads {
  readonly #database: Database;
  readonly #cost: number;
  readonly #lost: (error: unknown) => void;
  readonly #seats = new Set<Seat>();
  #isLeaving = false;

  /** `cost`: the least estimate of a long statement. `lost`: called when a thread has taken the database along. */
  constructor(database: Database, cost: number, lost: (error: unknown) => void) {
    this.#database = database;
    this.#cost = cost;
    this.#lost = lost;
  }

  /** True for a query that takes long and that another session can run in place of its own. Asked once a shape. */
  isHeavy({ plan, isCompiled }: Shape): boolean {
    return isCompiled && plan !== null && plan.kind === 'query' && plan.root.estimate.cost >= this.#cost && isPortable(plan);
  }

  /** Runs a statement on a thread. False: none is free. */
  run(session: Session, prepared: Prepared, values: EncodedValues, format: RowFormat, listener: HeavyListener): boolean {
    const seat = this.#freeSeat();
    if (seat === null) return false;
    seat.isBusy = true;
    const { port1, port2 } = new MessageChannel();
    const credits = new Int32Array(new SharedArrayBuffer(4));
    credits[CREDITS] = PIECES;
    let isOver = false;
    const credit = (): void => {
      Atomics.add(credits, CREDITS, 1);
      Atomics.notify(credits, CREDITS);
    };
    port1.on('message', (news: HeavyNews) => {
      if (isOver) return;
      isOver = news.kind === 'end' || news.kind === 'error';
      hear(listener, news, credit);
    });
    const failed = (error: unknown): void => {
      port1.close();
      this.#seatFailed(seat);
      if (!isOver) listener.failed(threadFailed(error), 0);
    };
    const task = taskOf(this.#database, session, prepared, values, format);
    const transferList = [port2];
    seat.piscina
      .run({ ...task, port: port2, credits: credits.buffer }, { transferList: transferList as never, name: 'runHeavy' })
      .then(() => {
        // What it has said last may still be on its way here.
        seat.isBusy = false;
      }, failed);
    return true;
  }

  #freeSeat(): Seat | null {
    if (this.#isLeaving) return null;
    for (const seat of this.#seats) if (!seat.isBusy) return seat;
    if (this.#seats.size >= Math.max(2, availableParallelism())) return null;
    const filename = new URL('./heavy-worker.ts', import.meta.url).href;
    const resourceLimits = { stackSizeMb: 8 };
    const seat = {
      piscina: new Piscina({ filename, minThreads: 1, maxThreads: 1, idleTimeout: Number.POSITIVE_INFINITY, resourceLimits }),
      isBusy: false,
    };
    this.#seats.add(seat);
    return seat;
  }

  /** The thread has died: outside a critical section others clean up behind it. */
  #seatFailed(seat: Seat): void {
    this.#seats.delete(seat);
    void seat.piscina.destroy();
    const { shm } = this.#database.engine;
    checkDeaths(shm);
    if (isPoisoned(shm)) this.#lost(poisonError(shm));
  }

  /** The threads leave the database. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    await Promise.allSettled(
      [...this.#seats].map(async ({ piscina }) => {
        await piscina.run('leave', { name: 'runHeavy' });
        await piscina.destroy();
      }),
    );
    this.#seats.clear();
  }
}

function hear(listener: HeavyListener, news: HeavyNews, credit: () => void): void {
  switch (news.kind) {
    case 'rows':
      listener.rowsCame(news.bytes, news.barrier, credit);
      return;
    case 'notice':
      listener.notice(news.notice);
      return;
    case 'end':
      listener.ended(news.rows, news.tag, news.barrier);
      return;
    default:
      listener.failed(fromPlain(news.error), news.barrier);
  }
}

const threadFailed = (cause: unknown): SqlError =>
  new SqlError(SQLSTATE.internal_error, 'the thread that ran the statement has ended', { hint: 'run it again', cause });

function taskOf(
  { handle }: Database,
  session: Session,
  { text, start, types }: Prepared,
  { bytes, count, starts, lengths, forms }: EncodedValues,
  format: RowFormat,
): Omit<HeavyTask, 'port' | 'credits'> {
  const own: number[] = [];
  let end = 0;
  for (let index = 0; index < count; index++) {
    own.push(end);
    end += Math.max(0, lengths[index]);
  }
  const copy = new Uint8Array(end);
  for (let index = 0; index < count; index++)
    copy.set(bytes.subarray(starts[index], starts[index] + Math.max(0, lengths[index])), own[index]);
  const { slot, database, databaseId, firstDatabase, processId, identity, settings, lastCommit } = session;
  return {
    ...{ handle, text, start, types, format },
    values: { bytes: copy, starts: own, lengths: lengths.slice(0, count), forms: forms.slice(0, count) },
    session: {
      slot,
      openedBy: identity.openedBy,
      database,
      databaseId,
      firstDatabase,
      processId,
      settings: settings.given,
      lastCommit,
    },
  };
}

/** Nothing in a plan asks the session for more than its settings, changes anything, or calls what may. */
function isPortable(part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return true;
  if (Array.isArray(part)) return part.every(isPortable);
  const { node, change, primitive } = part as { node?: unknown; change?: unknown; primitive?: unknown };
  if (node === 'CatalogScan' || node === 'LockRow' || (change !== undefined && change !== null)) return false;
  if (typeof primitive === 'string' && findPrimitive(primitive)?.volatility === 'volatile') return false;
  return Object.values(part).every(isPortable);
}

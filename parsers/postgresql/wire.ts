/**
 * The server's side of PostgreSQL's protocol 3 (postgresql.org/docs/current/protocol.html): one object a connection.
 *
 *   startup (wire/startup.ts) --> ready <--> simple query (wire/simple.ts) | extended query (wire/extended.ts)
 *                                  |  a statement waits: no message is taken
 *                                  |  an error in extended query: nothing but Sync is taken
 *                                  +--> Terminate, a fatal error: closed
 *
 * Hot: Bind, Describe, Execute, Sync of a point query.
 */

import {
  type ConnectionHost,
  type HostSession,
  type Outcome,
  PENDING,
  type WireConnection,
  type WireError,
  type WireNotice,
} from '../../plugins/contract/connection.ts';
import { wireError } from './errors.ts';
import type { CopyPortal } from './wire/copy.ts';
import { ExtendedQuery } from './wire/extended.ts';
import { FunctionCall } from './wire/function-call.ts';
import { MessageReader } from './wire/read.ts';
import { REPORTED } from './wire/reported.ts';
import { SimpleQuery } from './wire/simple.ts';
import { Startup } from './wire/startup.ts';
import { putError, putNotice, putNotification, putParameter, putReady } from './wire/write.ts';

/** Type byte and length. */
const HEAD = 5;

const BIND = 0x42;
const CLOSE = 0x43;
const DESCRIBE = 0x44;
const EXECUTE = 0x45;
const FLUSH = 0x48;
const PARSE = 0x50;
const QUERY = 0x51;
const SYNC = 0x53;
const TERMINATE = 0x58;
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
const COPY_FAIL = 0x66;
const FUNCTION_CALL = 0x46;

/** Messages that may be long. */
const LONG = new Set([QUERY, PARSE, BIND, COPY_DATA, FUNCTION_CALL]);
const SHORT_MAX = 30_000;
const KNOWN = new Set([...LONG, ...[SYNC, EXECUTE, DESCRIBE, CLOSE, FLUSH, TERMINATE, COPY_DONE, COPY_FAIL]]);

/** What is under way: nothing; a statement of simple or extended query that waits, a call, a COPY. */
type Waiting = 'none' | 'simple' | 'extended' | 'call' | 'copy';

/** Messages of which an error is told at once, with ReadyForQuery behind it. */
const ALONE = new Set([QUERY, TERMINATE, SYNC, FUNCTION_CALL]);

export class PostgresqlConnection implements WireConnection {
  readonly #host: ConnectionHost;
  readonly #reader = new MessageReader();
  #startup: Startup | null;
  #session: HostSession | null = null;
  #simple: SimpleQuery | null = null;
  #extended: ExtendedQuery | null = null;
  #call: FunctionCall | null = null;
  #waiting: Waiting = 'none';
  /** Takes rows from the client, for a statement of extended query or of simple. */
  #copying: CopyPortal | null = null;
  #copyIsExtended = false;
  /** An error: nothing counts until Sync. */
  #isSkipping = false;
  #isOver = false;
  /** A request has begun whose ReadyForQuery has not been written. */
  #isBusy = false;
  readonly #told = new Map<string, string>();
  #toldVersion = -1;
  readonly #notifications: (readonly [number, string, string])[] = [];
  wanted = 0;

  constructor(host: ConnectionHost) {
    this.#host = host;
    this.#startup = new Startup(
      host,
      this.#reader,
      (session) => this.#begin(session),
      (error) => this.#fatal(error),
    );
  }

  get isIdle(): boolean {
    return !this.#isBusy && this.#waiting === 'none' && this.#session?.status === 'idle';
  }

  #begin(session: HostSession): void {
    this.#session = session;
    this.#simple = new SimpleQuery(this.#host, session);
    this.#extended = new ExtendedQuery(this.#host, session, this.#reader);
    this.#call = new FunctionCall(this.#host, session);
    this.#startup = null;
    this.#tellSettings();
  }

  // ---- messages ----

  consume(bytes: Buffer, start: number, end: number): number {
    let at = start;
    this.wanted = 0;
    try {
      while (!this.#isOver && this.#waiting === 'none' && at < end) {
        const next = this.#startup === null ? this.#take(bytes, at, end) : this.#startUp(this.#startup, bytes, at, end);
        if (next === at) break;
        at = next;
      }
      if (this.#waiting === 'none') this.#flushCopy();
      this.#extended?.keepValues();
    } catch (error) {
      this.#fatal(error);
    }
    return this.#isOver ? end : at;
  }

  #startUp(startup: Startup, bytes: Buffer, at: number, end: number): number {
    return startup.take(bytes, at, end, (wanted) => (this.wanted = wanted));
  }

  #take(bytes: Buffer, at: number, end: number): number {
    if (end - at < HEAD) return at;
    const type = bytes[at];
    if (this.#copying !== null) {
      if (type !== COPY_DATA) {
        if (!this.#flushCopy()) return at;
      } else {
        const over = this.#takeCopyData(this.#copying, bytes, at, end);
        if (over > at) return over;
      }
    }
    const length = bytes.readUInt32BE(at + 1);
    if (!KNOWN.has(type)) throw wireError('08P01', `invalid frontend message type ${type}`);
    const isLong = LONG.has(type);
    if (length < 4 || length > (isLong ? this.#host.messageBytes : SHORT_MAX))
      throw wireError('08P01', length < 4 || !isLong ? 'invalid message length' : `message of ${length} bytes is too long`);
    const over = at + 1 + length;
    if (over > end) {
      this.wanted = 1 + length;
      return at;
    }
    this.#reader.begin(bytes, at + HEAD, over);
    if (!this.#isSkipping || type === SYNC || type === TERMINATE) this.#message(type, bytes, over, end);
    return over;
  }

  #message(type: number, bytes: Buffer, over: number, end: number): void {
    const copy = this.#copying;
    const isExtended = copy === null ? !ALONE.has(type) : this.#copyIsExtended;
    if (type !== TERMINATE) this.#isBusy = true;
    try {
      if (copy !== null && type !== TERMINATE) this.#copyMessage(copy, type, bytes, over);
      else this.#dispatch(type, bytes, over, end);
    } catch (error) {
      this.#failed(this.#host.told(error), isExtended);
    }
  }

  #dispatch(type: number, bytes: Buffer, over: number, end: number): void {
    const extended = this.#extended as ExtendedQuery;
    switch (type) {
      case BIND:
        extended.bind();
        return;
      case EXECUTE:
        if (!extended.execute(isSyncNext(bytes, over, end))) this.#wait('extended');
        return;
      case DESCRIBE:
        extended.describe();
        return;
      case SYNC:
        this.#sync();
        return;
      case QUERY:
        this.#query();
        return;
      case PARSE:
        extended.parse();
        return;
      case CLOSE:
        extended.close();
        return;
      case FLUSH:
        return;
      case TERMINATE:
        this.#close();
        return;
      case COPY_DATA:
      case COPY_DONE:
      case COPY_FAIL:
        // What is left of a COPY that has failed.
        return;
      case FUNCTION_CALL:
        this.#called((this.#call as FunctionCall).begin(this.#reader));
        return;
      default:
    }
  }

  // ---- simple query ----

  #query(): void {
    const reader = this.#reader;
    const text = reader.text();
    reader.done();
    (this.#extended as ExtendedQuery).dropUnnamedOfAll();
    if ((this.#simple as SimpleQuery).begin(text)) this.#ready();
    else this.#wait('simple');
  }

  #called(outcome: Outcome): void {
    if (outcome === PENDING) {
      this.#waiting = 'call';
      return;
    }
    (this.#call as FunctionCall).end();
    this.#ready();
  }

  #sync(): void {
    this.#isSkipping = false;
    (this.#session as HostSession).endBatch();
    this.#ready();
  }

  #ready(): void {
    const session = this.#session as HostSession;
    this.#isBusy = false;
    (this.#extended as ExtendedQuery).afterBatch();
    if (session.settingsVersion !== this.#toldVersion) this.#tellSettings();
    if (this.#notifications.length > 0 && session.status === 'idle') this.#tellNotifications();
    putReady(this.#host.output, session.status);
  }

  /** What was sent while the client was in a transaction. */
  #tellNotifications(): void {
    for (const [process, channel, payload] of this.#notifications.splice(0))
      putNotification(this.#host.output, process, channel, payload);
  }

  #tellSettings(): void {
    const session = this.#session as HostSession;
    this.#toldVersion = session.settingsVersion;
    for (const name of REPORTED) {
      const value = session.setting(name);
      if (this.#told.get(name) === value) continue;
      this.#told.set(name, value);
      putParameter(this.#host.output, name, value);
    }
  }

  /** What waited has an outcome: the messages behind it are taken when the host gives them again. */
  resumed(outcome: Outcome, error: WireError | null): void {
    const isCopy = this.#waiting === 'copy';
    const isCall = this.#waiting === 'call';
    const isExtended = isCopy ? this.#copyIsExtended : this.#waiting === 'extended';
    this.#waiting = 'none';
    if (this.#isOver) return;
    try {
      if (error !== null) this.#failed(error, isExtended);
      else if (isCopy) return;
      else if (isCall) this.#called(outcome);
      else if (isExtended) {
        if (!(this.#extended as ExtendedQuery).goOn(outcome)) this.#wait('extended');
      } else if ((this.#simple as SimpleQuery).goOn(outcome)) this.#ready();
      else this.#wait('simple');
    } catch (thrown) {
      this.#failed(this.#host.told(thrown), isExtended);
    }
  }

  // ---- copy ----

  /** A statement waits, or its client is to send rows. */
  #wait(of: 'simple' | 'extended'): void {
    const isExtended = of === 'extended';
    this.#copying = (isExtended ? (this.#extended as ExtendedQuery) : (this.#simple as SimpleQuery)).copying;
    this.#copyIsExtended = isExtended;
    if (this.#copying === null) this.#waiting = of;
  }

  /** Messages with data that are there whole, one behind the other. Hot. */
  #takeCopyData(copy: CopyPortal, bytes: Buffer, start: number, end: number): number {
    const longest = this.#host.messageBytes;
    let at = start;
    try {
      while (end - at >= HEAD && bytes[at] === COPY_DATA) {
        const length = ((bytes[at + 1] << 24) | (bytes[at + 2] << 16) | (bytes[at + 3] << 8) | bytes[at + 4]) >>> 0;
        const over = at + 1 + length;
        if (length < 4 || length > longest || over > end) break;
        const from = at + HEAD;
        at = over;
        if (copy.keep(bytes, from, over) !== PENDING) continue;
        this.#waiting = 'copy';
        break;
      }
    } catch (error) {
      this.#failed(this.#host.told(error), this.#copyIsExtended);
    }
    return at;
  }

  /** Gives on what was kept of a COPY. False: that waits. */
  #flushCopy(): boolean {
    const copy = this.#copying;
    if (copy === null) return true;
    try {
      if (copy.flush() !== PENDING) return true;
      this.#waiting = 'copy';
      return false;
    } catch (error) {
      this.#failed(this.#host.told(error), this.#copyIsExtended);
      return true;
    }
  }

  #copyMessage(copy: CopyPortal, type: number, bytes: Buffer, over: number): void {
    switch (type) {
      case COPY_DATA:
        if (copy.keep(bytes, this.#reader.at, over) === PENDING) this.#waiting = 'copy';
        return;
      case COPY_DONE:
        this.#copyDone(copy.finish());
        return;
      case COPY_FAIL:
        throw copy.abort(this.#reader.text());
      case FLUSH:
      case SYNC:
        return;
      default:
        this.#lost(copy.unexpected(type));
    }
  }

  /** The client does not know where it is. */
  #lost(error: unknown): void {
    this.#copying = null;
    putError(this.#host.output, 'ERROR', this.#host.told(error));
    this.#fatal(wireError('08P01', 'terminating connection because protocol synchronization was lost'));
  }

  #copyDone(outcome: Outcome): void {
    this.#copying = null;
    const isExtended = this.#copyIsExtended;
    if (outcome === PENDING) this.#waiting = isExtended ? 'extended' : 'simple';
    else if (isExtended) (this.#extended as ExtendedQuery).goOn(outcome);
    else if ((this.#simple as SimpleQuery).goOn(outcome)) this.#ready();
    else this.#wait('simple');
  }

  // ---- errors ----

  #failed(error: WireError, isExtended: boolean): void {
    this.#copying = null;
    putError(this.#host.output, 'ERROR', error);
    try {
      if (isExtended) {
        this.#isSkipping = true;
        (this.#extended as ExtendedQuery).dropUnnamed();
        (this.#session as HostSession).failBatch();
      } else {
        (this.#call as FunctionCall).end();
        (this.#simple as SimpleQuery).fail();
        this.#ready();
      }
    } catch (thrown) {
      this.#fatal(thrown);
    }
  }

  #fatal(error: unknown): void {
    if (this.#isOver) return;
    putError(this.#host.output, 'FATAL', this.#host.told(error));
    this.#close();
  }

  fatal(error: WireError): void {
    this.#fatal(error);
  }

  #close(): void {
    this.#isOver = true;
    this.#host.close();
  }

  closed(): void {
    this.#isOver = true;
    this.#extended?.end();
  }

  notice(notice: WireNotice): void {
    if (!this.#isOver) putNotice(this.#host.output, notice);
  }

  notification(process: number, channel: string, payload: string): void {
    if (this.#isOver) return;
    if (this.isIdle) putNotification(this.#host.output, process, channel, payload);
    else this.#notifications.push([process, channel, payload]);
  }
}

/** Nothing but a Sync follows; a Close before it changes nothing. */
function isSyncNext(bytes: Buffer, at: number, end: number): boolean {
  let next = at;
  while (next < end && bytes[next] === CLOSE && next + HEAD <= end) next += 1 + bytes.readUInt32BE(next + 1);
  return next < end && bytes[next] === SYNC;
}

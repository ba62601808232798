/**
 * One client: its socket, its dialect's state machine, its session.
 *
 *   socket's bytes --> receive() --> consume --> output --> send()
 *                        |  a statement waits, or is still to be told of: bytes are kept, past a bound the socket is not read
 *                        +--> barrier not on disk: held, in order, until the worker's flush (answers.ts)
 *
 * Hot: a request that comes whole and is answered at once goes through without an allocation of its own.
 */

import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type {
  Authentication,
  CancelKey,
  ConnectionHost,
  HostSession,
  Outcome,
  WireConnection,
  WireError,
} from '../../plugins/contract/connection.ts';
import { SqlError, SQLSTATE, withoutOverflow } from '../../shm/errors.ts';
import type { Notification } from '../session/notifications.ts';
import type { HeavyThreads } from './heavy.ts';
import { ClientSocket } from './client-socket.ts';
import { InputBuffer } from './input-buffer.ts';
import { LentOutput } from './lent-output.ts';
import type { Peer } from './peer.ts';
import type { ServedSession, SessionOwner } from './session.ts';
import type { StatementFigures } from './statement-figures.ts';
import { secured } from './tls.ts';
import type { UsedPlugin } from '../../plugins/host/worker-plugins.ts';
import type { ServerWorker } from './worker.ts';

const SECRET_BYTES = 32;
/** Bytes on their way to the client above which a producer waits. */
const UNREAD_MAX = 1 << 18;
/** Milliseconds that the last words have to leave. */
const LAST_WORDS_MS = 3000;

export class ClientConnection implements ConnectionHost, SessionOwner {
  readonly worker: ServerWorker;
  readonly output: LentOutput;
  readonly peer: Peer;
  /** The version of its dialect's plugin that it began with. */
  readonly plugin: UsedPlugin;
  readonly #wire: WireConnection;
  readonly #input: InputBuffer;
  #socket: Socket;
  #session: ServedSession | null = null;
  /** Its row in the table of sessions; -1: none. */
  row = -1;
  #secret: Buffer | null = null;
  /** A statement waits. */
  #isWaiting = false;
  /** What has come waits for its turn (turns.ts). */
  #isPutOff = false;
  /** Bytes that may not leave yet, in order. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** It does not read what it is sent: nothing more is read of it. */
  #isUnread = false;
  #isClosing = false;
  /** What the server ends it with. */
  #farewell: SqlError | null = null;
  #isGone = false;
  isSecure = false;
  /** When it began to wait for its client in a transaction, by performance.now(); 0: it does not. */
  idleInBlockSince = 0;
  readonly since = performance.now();
  isDirty = false;
  /** Called when the client has shown who it is. */
  onSession: (() => void) | null = null;
  user = '';

  constructor(worker: ServerWorker, socket: Socket, peer: Peer, plugin: UsedPlugin) {
    this.worker = worker;
    this.plugin = plugin;
    this.peer = peer;
    this.#socket = socket;
    this.#input = new InputBuffer();
    this.output = new LentOutput(worker.memory, worker.options.connectionMemory);
    this.#wire = plugin.loaded.plugin.createConnection(this);
    this.#listen(socket);
  }

  #listen(socket: Socket): void {
    if (socket instanceof ClientSocket) socket.onBytes((bytes, count) => this.#receive(bytes, count));
    else socket.on('data', (chunk: Buffer) => this.#receive(chunk, chunk.length));
    socket.on('error', () => this.#over());
    socket.on('close', () => this.#over());
    socket.on('end', () => this.#over());
  }

  // ---- in ----

  /** Some protocols begin with words of the server's. */
  greet(): void {
    this.#send();
  }

  #receive(bytes: Buffer, count: number): void {
    if (this.#isGone || this.#isClosing) return;
    this.worker.answers.look();
    const input = this.#input;
    const isLater = this.#isWaiting || this.#isPutOff;
    // A request to cancel what has ended already is not for what comes now.
    if (!isLater) this.#session?.forgetCancel();
    if (!isLater && this.#isNow) {
      if (input.isEmpty) {
        const taken = this.#consume(bytes, 0, count);
        if (taken < count && !this.#isClosing) input.keep(bytes, taken, count, this.#wire.wanted);
      } else {
        input.keep(bytes, 0, count, this.#wire.wanted);
        this.#takeKept();
      }
      this.#answer();
      return;
    }
    input.keep(bytes, 0, count, this.#wire.wanted);
    if (input.length > this.worker.options.inputMax) this.#socket.pause();
    if (isLater) return;
    this.#isPutOff = true;
    this.worker.turns.put(this);
  }

  get #isNow(): boolean {
    const session = this.#session;
    return session === null || this.worker.turns.isNow(session.connection.session.transaction);
  }

  /** What was put off is taken. */
  takeTurn(): void {
    if (!this.#isPutOff) return;
    this.#isPutOff = false;
    if (this.#isGone || this.#isClosing) return;
    this.#takeKept();
    this.#readOn();
    this.#answer();
  }

  #readOn(): void {
    if (!this.#isWaiting && !this.#isUnread && this.#socket.isPaused()) this.#socket.resume();
  }

  /** What answers take is bound: a client that asks and asks, and reads none of them, is not read either until it has. */
  #boundUnread(): void {
    if (this.#isUnread || this.#isGone || this.#isClosing) return;
    if (this.#heldBytes + this.#socket.writableLength < UNREAD_MAX) return;
    this.#isUnread = true;
    this.#socket.pause();
    this.worker.answers.whenRead(this, () => {
      this.#isUnread = false;
      if (!this.#isGone) this.#readOn();
    });
  }

  /**
   * A statement that waits may begin again, and takes back what it has written: what stands in the output stays there until then.
   */
  #answer(): void {
    this.#note();
    if (this.#isWaiting && !this.#isClosing) this.output.keepOwn();
    else {
      this.#send();
      this.#boundUnread();
    }
  }

  #takeKept(): void {
    const input = this.#input;
    if (input.isEmpty) return;
    input.took(this.#consume(input.bytes, input.start, input.end) - input.start, this.#wire.wanted);
    if (this.#isClosing) input.clear();
  }

  #consume(bytes: Buffer, start: number, end: number): number {
    const { plugin } = this;
    this.worker.batches++;
    plugin.batches++;
    const before = plugin.enter();
    try {
      return this.#wire.consume(bytes, start, end);
    } catch (error) {
      this.#pluginFailed(error);
      return end;
    } finally {
      plugin.back(before);
    }
  }

  /** The dialect is told of something; what it throws closes the connection. */
  #tell(body: (wire: WireConnection) => void): void {
    const before = this.plugin.enter();
    try {
      body(this.#wire);
    } catch (error) {
      this.#pluginFailed(error);
    } finally {
      this.plugin.back(before);
    }
  }

  /** A fault of the dialect closes its connection (C3). */
  #pluginFailed(error: unknown): void {
    const { name, version } = this.plugin.loaded.manifest;
    this.plugin.faults++;
    this.worker.log.error({ error, plugin: `${name} ${version}` }, 'a connection was closed: its dialect failed');
    this.close();
  }

  // ---- out ----

  /** Sends what was written: now, or when the log is on disk up to the session's barrier. */
  #send(): void {
    const { output } = this;
    if (output.at > 0) {
      if (this.#wire.leaving !== undefined) this.#tell((wire) => wire.leaving?.());
      const barrier = this.#session === null ? 0 : this.#session.connection.session.barrier;
      if (this.#held.length > 0 || this.worker.answers.mustWait(barrier)) {
        this.#held.push(Buffer.copyBytesFrom(output.bytes, 0, output.at));
        this.#heldBytes += output.at;
        output.clear();
        this.worker.answers.hold(this);
      } else this.#write();
    }
    if (this.#isClosing && this.#held.length === 0) this.#end();
    this.#note();
  }

  #note(): void {
    if (!this.isDirty && this.row >= 0) this.worker.activity.note(this);
  }

  #write(): void {
    const { output } = this;
    const socket = this.#socket;
    socket.write(output.bytes.subarray(0, output.at));
    // What the system has taken whole is not the socket's any more.
    if (socket.writableLength === 0) output.clear();
    else output.forget();
  }

  /** The barrier is on disk. */
  release(): void {
    if (this.#isGone) return;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const bytes of held) this.#socket.write(bytes);
    if (this.#isClosing) this.#end();
  }

  get barrier(): number {
    return this.#session?.connection.session.barrier ?? 0;
  }

  drain(then: () => void): void {
    this.#send();
    const socket = this.#socket;
    const goOn = (): void => {
      if (this.#isGone) {
        this.#isWaiting = false;
        this.worker.running--;
        this.endSession();
        return;
      }
      then();
    };
    if (this.#held.length === 0 && socket.writableLength < UNREAD_MAX) setImmediate(goOn);
    else this.worker.answers.whenRead(this, () => setImmediate(goOn));
  }

  get heavy(): HeavyThreads {
    return this.worker.heavy;
  }

  pass(bytes: Uint8Array, then: () => void): void {
    if (this.#isGone) return;
    const { output } = this;
    output.need(bytes.length);
    output.bytes.set(bytes, output.at);
    output.at += bytes.length;
    this.#send();
    this.worker.answers.whenRead(this, () => this.#isGone || then());
  }

  /** Nothing is held, and the client has read. */
  get hasRead(): boolean {
    return this.#isGone || (this.#held.length === 0 && this.#socket.writableLength < UNREAD_MAX);
  }

  whenDrained(then: () => void): void {
    const socket = this.#socket;
    if (this.#isGone || !socket.writableNeedDrain) {
      setImmediate(then);
      return;
    }
    // A socket that has gone drains no more.
    const goOn = (): void => {
      socket.removeListener('drain', goOn);
      socket.removeListener('close', goOn);
      then();
    };
    socket.once('drain', goOn);
    socket.once('close', goOn);
  }

  /** A statement has run. Hot. */
  ran(figures: StatementFigures, milliseconds: number, rows: number): void {
    this.worker.statements++;
    this.worker.counts.ran(figures, milliseconds, rows, this.worker.sessions.process(this.row));
  }

  figuresOf(query: string): StatementFigures {
    return this.worker.counts.of(query);
  }

  // ---- statements that wait ----

  settled(outcome: Outcome, error: unknown): void {
    this.#isWaiting = false;
    if (this.#isGone) {
      this.worker.running--;
      this.endSession();
      return;
    }
    const said = error === null ? null : this.told(error);
    this.#tell((wire) => wire.resumed(outcome, said));
    if (!this.#isWaiting) this.#takeKept();
    this.#readOn();
    this.#answer();
  }

  /** From the session: a statement goes on later. */
  waits(): void {
    this.#isWaiting = true;
  }

  // ---- what the dialect asks ----

  get database(): string {
    return this.worker.options.database;
  }

  get canSecure(): boolean {
    return this.worker.secureContext !== null;
  }

  get messageBytes(): number {
    return this.worker.options.connectionMemory;
  }

  readonly startupBytes = 10_000;

  startTls(received?: Buffer, protocol?: string): void {
    this.#send();
    const plain = this.#socket;
    plain.removeAllListeners('data');
    if (plain instanceof ClientSocket) plain.onBytes(() => {});
    plain.removeAllListeners('end');
    if (received !== undefined) {
      // What waits in the socket is taken by TLS first.
      plain.pause();
      plain.unshift(Buffer.from(received));
    }
    const secure = secured(plain, this.worker.secureContext);
    this.#socket = secure;
    this.isSecure = true;
    // Without a request before it the hello has to say what for: it may have been meant for another protocol.
    if (protocol !== undefined)
      secure.once('secure', () => {
        if (secure.alpnProtocol !== protocol) this.destroy();
      });
    this.#listen(secure);
  }

  authentication(user: string, database: string): Authentication {
    const { verifierName } = this.plugin.loaded.plugin;
    return this.worker.authentication(this.peer, this.isSecure, user, database, verifierName);
  }

  authenticationFailed(user: string, why: string, then: () => void): void {
    this.worker.guard.failed(this.peer, user, why, () => {
      if (this.#isGone) return;
      then();
      this.#send();
    });
  }

  openSession(user: string, database: string, settings: ReadonlyMap<string, string>): HostSession {
    this.worker.guard.passed(this.peer);
    this.#session?.close();
    this.#session = null;
    this.worker.freeRow(this);
    this.user = user;
    this.#secret = randomBytes(SECRET_BYTES);
    this.#session = this.worker.openSession(this, user, database, settings, this.#secret);
    this.onSession?.();
    return this.#session;
  }

  setting(name: string): string | undefined {
    return this.worker.setting(this, name);
  }

  cancelKey(secretBytes: number): CancelKey {
    const secret = this.#secret;
    if (secret === null) throw new SqlError(SQLSTATE.internal_error, 'there is no session to cancel');
    return { process: this.worker.sessions.process(this.row), secret: secret.subarray(0, secretBytes) };
  }

  cancel(process: number, secret: Buffer): void {
    this.worker.cancel(process, secret);
  }

  told(thrown: unknown): WireError {
    const error = withoutOverflow(thrown);
    this.worker.errors++;
    if (error instanceof SqlError) {
      if (error.code.startsWith('57P0') && error !== this.#farewell) this.worker.lost(error);
      return error;
    }
    this.worker.log.error({ error }, 'an error that is none of SQL');
    return new SqlError(SQLSTATE.internal_error, error instanceof Error ? error.message : String(error));
  }

  // ---- the end ----

  get session(): ServedSession | null {
    return this.#session;
  }

  get isIdle(): boolean {
    return this.#wire.isIdle && this.#held.length === 0 && !this.#isPutOff;
  }

  /** Waits for the client's next request, in a transaction or not. */
  get isAtRest(): boolean {
    return !this.#isWaiting && !this.#isPutOff;
  }

  notice(severity: string, code: string, message: string): void {
    this.#tell((wire) => wire.notice({ severity, code, message }));
  }

  notified({ processId, channel, payload }: Notification): void {
    if (this.#isGone || this.#isClosing) return;
    this.#tell((wire) => wire.notification(processId, channel, payload));
    if (!this.#isWaiting) setImmediate(() => this.#isGone || this.#send());
  }

  /** The server ends it: with these words. */
  endWith(error: SqlError): void {
    if (this.#isGone || this.#isClosing) return;
    this.#farewell = error;
    this.#tell((wire) => wire.fatal(error));
    this.#send();
  }

  close(): void {
    this.#isClosing = true;
  }

  /** The last words are sent; then the socket goes. */
  #end(): void {
    const socket = this.#socket;
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LAST_WORDS_MS);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
    this.#gone(false);
  }

  destroy(): void {
    this.#socket.destroy();
    this.#gone();
  }

  /** The socket has ended: what it had brought counts. */
  #over(): void {
    this.takeTurn();
    this.#gone();
  }

  #gone(destroys = true): void {
    if (this.#isGone) return;
    this.#isGone = true;
    if (destroys) this.#socket.destroy();
    this.#held = [];
    this.#input.clear();
    this.output.clear();
    this.worker.closed(this, this.#isWaiting);
    if (this.#isWaiting) this.worker.running++;
    else this.endSession();
  }

  /** Nothing runs in it any more: the session goes. */
  endSession(): void {
    const session = this.#session;
    this.#session = null;
    this.#tell((wire) => wire.closed());
    try {
      session?.close();
    } catch (error) {
      this.worker.log.error({ error }, 'a session did not end well');
    } finally {
      this.worker.freeRow(this);
      this.worker.plugins.close(this.plugin);
    }
  }
}

/**
 * The server's side of MySQL's protocol (dev.mysql.com/doc/dev/mysql-server): one object a connection.
 *
 *   handshake (wire/handshake.ts) --> ready <--> command --> its answer: OK, ERR, or rows; one command at a time
 *                                       |  a statement waits: no packet is taken
 *                                       +--> COM_QUIT, a fatal error: closed
 */

import { plainError } from '../../engine/sblr/parse-error.ts';
import {
  type ConnectionHost,
  type HostSession,
  type Outcome,
  PENDING,
  type WireConnection,
  type WireError,
} from '../../plugins/contract/connection.ts';
import { NONCE_BYTES } from './auth.ts';
import { INITIAL_SETTINGS } from './variables.ts';
import { mysqlError } from './wire/errors.ts';
import { type Greeting, Handshake } from './wire/handshake.ts';
import { HEAD, LONGEST, PacketReader, PacketWriter } from './wire/packets.ts';
import { Answer } from './wire/answer.ts';
import { Prepared } from './wire/prepared.ts';
import { Queries } from './wire/queries.ts';
import { CAN, COMMAND, OTHER_COMMANDS } from './wire/words.ts';

/** Bytes of a packet before the client has shown who it is. */
const HANDSHAKE_MAX = 65_536;
const NOTHING = Buffer.alloc(0);

export class MysqlConnection implements WireConnection {
  readonly #host: ConnectionHost;
  readonly #reader = new PacketReader();
  readonly #writer: PacketWriter;
  readonly #answer: Answer;
  #handshake: Handshake | null;
  #nonce: Buffer = Buffer.alloc(NONCE_BYTES);
  #capabilities = 0;
  #user = '';
  #session: HostSession | null = null;
  #queries: Queries | null = null;
  #prepared: Prepared | null = null;
  /** Which of them waits. */
  #waiting: Queries | Prepared | null = null;
  /** Pieces of a packet that goes on in others. */
  #pieces: Buffer[] = [];
  #piecesBytes = 0;
  #isOver = false;
  wanted = 0;

  constructor(host: ConnectionHost) {
    this.#host = host;
    this.#writer = new PacketWriter(() => host.output);
    this.#answer = new Answer(host, this.#writer);
    this.#handshake = this.#newHandshake();
    this.#handshake.greet(0);
  }

  #newHandshake(): Handshake {
    return new Handshake(
      this.#host,
      this.#reader,
      this.#writer,
      (greeting) => this.#begin(greeting),
      (error) => this.#fatal(error),
    );
  }

  get isIdle(): boolean {
    return this.#handshake === null && this.#waiting === null && this.#session?.status === 'idle';
  }

  // ---- packets ----

  consume(bytes: Buffer, start: number, end: number): number {
    let at = start;
    this.wanted = 0;
    while (!this.#isOver && this.#waiting === null && this.#handshake?.isWaiting !== true && end - at >= HEAD) {
      const length = bytes.readUIntLE(at, 3);
      const over = at + HEAD + length;
      const fault = this.#fault(length, bytes[at + 3]);
      const next = (bytes[at + 3] + 1) & 0xff;
      if (fault !== null) {
        this.#writer.number = next;
        this.#fatal(fault);
        break;
      }
      if (over > end) {
        this.wanted = HEAD + length;
        break;
      }
      this.#writer.number = next;
      this.#packet(bytes, at + HEAD, over);
      at = over;
      if (this.#handshake?.wantsTls !== true) continue;
      this.#handshake.wantsTls = false;
      this.#host.startTls(at < end ? bytes.subarray(at, end) : undefined);
      return end;
    }
    return this.#isOver ? end : at;
  }

  /** What is wrong with a packet's head; null: nothing. A command begins with 0, and what belongs together is counted on. */
  #fault(length: number, number: number): Error | null {
    const goesOn = this.#handshake !== null || this.#pieces.length > 0;
    if (number !== (goesOn ? this.#writer.number : 0)) return plainError('08P01', 'Got packets out of order');
    const most = this.#session === null ? HANDSHAKE_MAX : this.#host.messageBytes;
    return this.#piecesBytes + length > most ? plainError('54000', `Got a packet bigger than 'max_allowed_packet' bytes`) : null;
  }

  #packet(bytes: Buffer, start: number, end: number): void {
    const goesOn = end - start === LONGEST;
    if (!goesOn && this.#pieces.length === 0) {
      this.#reader.begin(bytes, start, end);
      this.#take();
      return;
    }
    this.#pieces.push(Buffer.from(bytes.subarray(start, end)));
    this.#piecesBytes += end - start;
    if (goesOn) return;
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#piecesBytes = 0;
    this.#reader.begin(whole, 0, whole.length);
    this.#take();
    this.#reader.begin(NOTHING, 0, 0);
  }

  #take(): void {
    try {
      this.#answer.hasHeard = true;
      if (this.#handshake !== null) this.#handshake.take();
      else this.#command(this.#session as HostSession);
    } catch (error) {
      if (this.#handshake === null) this.#failed(this.#host.told(error));
      else this.#fatal(error);
    }
  }

  // ---- the session ----

  #begin({ user, database, capabilities }: Greeting): void {
    this.#capabilities = capabilities;
    this.#nonce = (this.#handshake as Handshake).nonce;
    this.#open(user, database);
    this.#handshake = null;
    this.#answer.ok(0, '');
  }

  /** COM_RESET_CONNECTION. Where it fails nothing is left to go on with: the session that there was has ended. */
  #beginAnew(): void {
    try {
      this.#open(this.#user, this.#answer.database);
    } catch (error) {
      this.#fatal(error);
      return;
    }
    this.#answer.ok(0, '');
  }

  #open(user: string, database: string): void {
    const settings = new Map<string, string>(INITIAL_SETTINGS);
    for (const [name, value] of ENGINE_SETTINGS) settings.set(name, value);
    const session = this.#host.openSession(user, this.#host.database, settings);
    this.#session = session;
    this.#answer.begin(session, this.#capabilities);
    this.#queries = new Queries(session, this.#answer);
    this.#prepared = new Prepared(this.#host, session, this.#answer, this.#reader);
    this.#user = user;
    if (database !== '') this.#answer.use(database);
    else this.#answer.forgetDatabase();
  }

  // ---- commands ----

  #command(session: HostSession): void {
    const reader = this.#reader;
    const command = reader.u8();
    const queries = this.#queries as Queries;
    const prepared = this.#prepared as Prepared;
    switch (command) {
      case COMMAND.query:
        this.#goesOn(queries, queries.begin(reader.restText(), (this.#capabilities & CAN.multiStatements) !== 0));
        return;
      case COMMAND.execute:
        this.#goesOn(prepared, prepared.execute());
        return;
      case COMMAND.prepare:
        prepared.prepare(reader.restText());
        return;
      case COMMAND.close:
        prepared.close(reader.u32());
        return;
      case COMMAND.longData:
        prepared.longData();
        return;
      case COMMAND.reset:
        prepared.reset(reader.u32());
        return;
      case COMMAND.ping:
        this.#answer.ok(0, '');
        return;
      case COMMAND.initDatabase:
        this.#answer.use(reader.restText());
        this.#answer.ok(0, '');
        return;
      case COMMAND.resetConnection:
        this.#beginAnew();
        return;
      case COMMAND.changeUser:
        session.failBatch();
        this.#handshake = this.#newHandshake();
        this.#handshake.change(this.#capabilities, this.#nonce);
        return;
      case COMMAND.option:
        this.#option(reader.u16());
        return;
      case COMMAND.quit:
        this.#close();
        return;
      default: {
        const name = OTHER_COMMANDS[command];
        throw name === undefined ? plainError('08P01', 'unknown command') : plainError('0A000', `${name} is not supported`);
      }
    }
  }

  /** COM_SET_OPTION: 0 several statements in a text, 1 one only. */
  #option(option: number): void {
    if (option > 1) throw plainError('08P01', 'unknown option');
    if (option === 0) this.#capabilities |= CAN.multiStatements;
    else this.#capabilities &= ~CAN.multiStatements;
    this.#answer.eof();
  }

  #goesOn(running: Queries | Prepared, isDone: boolean): void {
    this.#waiting = isDone ? null : running;
  }

  resumed(outcome: Outcome, error: WireError | null): void {
    const running = this.#waiting;
    if (running === null || this.#isOver) return;
    this.#waiting = null;
    try {
      if (error !== null) this.#failed(error);
      else if (outcome === PENDING || !running.goOn(outcome)) this.#waiting = running;
    } catch (thrown) {
      this.#failed(this.#host.told(thrown));
    }
  }

  leaving(): void {
    this.#answer.leaving();
  }

  // ---- errors ----

  #failed(error: WireError): void {
    this.#queries?.fail();
    this.#prepared?.fail();
    try {
      this.#session?.failBatch();
    } catch (thrown) {
      this.#fatal(thrown);
      return;
    }
    this.#answer.error(mysqlError(error, this.#answer.database));
  }

  #fatal(error: unknown): void {
    if (this.#isOver) return;
    this.#answer.error(mysqlError(this.#host.told(error), this.#answer.database));
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
    this.#queries?.fail();
    this.#prepared?.end();
  }

  notice(): void {}

  notification(): void {}
}

/** What MySQL's sessions begin with of the engine's own settings. */
const ENGINE_SETTINGS: readonly (readonly [string, string])[] = [
  ['default_transaction_isolation', 'repeatable read'],
  ['search_path', '""'],
  ['timezone', 'UTC'],
  ['lock_timeout', '50000'],
];

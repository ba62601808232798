/** What every command is answered with: OK, EOF, ERR, rows; and what is kept of a session for it: the database, the transaction's state. */

import { plainError } from '../../../engine/sblr/parse-error.ts';
import type { ConnectionHost, HostPortal, HostSession, WireColumn } from '../../../plugins/contract/connection.ts';
import { putColumn } from './describe.ts';
import type { MysqlError } from './errors.ts';
import type { PacketWriter } from './packets.ts';
import { CAN, STATUS } from './words.ts';

const OK = 0;
const END = 0xfe;
const ERROR = 0xff;
const TRACK_SCHEMA = 1;
const SQLSTATE_MARK = 0x23;
const NAME_BYTES_MAX = 240;

/** Rows that a statement without a result has changed, or put into the table that it made. */
export const changesOf = ({ changes, tag }: HostPortal): number => changes || Number(/^SELECT (\d+)$/.exec(tag)?.[1] ?? 0);

export class Answer {
  readonly #host: ConnectionHost;
  readonly writer: PacketWriter;
  #session: HostSession | null = null;
  #capabilities = 0;
  /** The client has said what it can: before, it is told no SQLSTATE. */
  hasHeard = false;
  /** The database that is used; empty: none. */
  database = '';
  #toldDatabase = '';
  #settingsVersion = -1;
  /** Each statement is a transaction of its own unless one was begun: @@autocommit. */
  #commitsEach = true;
  /** More results of the same text follow. */
  hasMore = false;
  /** Where rows began that have no numbers yet; -1: there are none. */
  #rowsAt = -1;
  /** Where the answer began, and the number it began with; -1: a part of it has left. */
  #start = -1;
  #firstNumber = 0;

  constructor(host: ConnectionHost, writer: PacketWriter) {
    this.#host = host;
    this.writer = writer;
  }

  begin(session: HostSession, capabilities: number): void {
    this.#session = session;
    this.#capabilities = capabilities;
    this.#settingsVersion = session.settingsVersion;
    this.#commitsEach = true;
  }

  get #hasNoEof(): boolean {
    return (this.#capabilities & CAN.noEof) !== 0;
  }

  get #status(): number {
    const session = this.#session;
    const inTransaction = session !== null && session.status !== 'idle' ? STATUS.inTransaction : 0;
    return inTransaction | (this.#commitsEach ? STATUS.autocommit : 0) | (this.hasMore ? STATUS.moreResults : 0);
  }

  // ---- the database ----

  /** USE. 3F000 */
  use(database: string): void {
    const session = this.#session as HostSession;
    const quoted = `\`${database.replaceAll('`', '``')}\``;
    const text = `'${database.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
    const found = session.ask(`select count(*) from information_schema.schemata where schema_name = ${text}`);
    if (found[0][0] === '0') throw plainError('3F000', `schema "${database}" does not exist`);
    session.ask(`use ${quoted}`);
    this.database = database;
    this.#settingsVersion = session.settingsVersion;
  }

  forgetDatabase(): void {
    this.database = '';
  }

  /** Before a statement: without autocommit it is in a transaction, whether one was begun or not. */
  beforeStatement(): void {
    const session = this.#session as HostSession;
    if (!this.#commitsEach && session.status === 'idle') session.ask('begin');
  }

  /** Behind a statement that may have been SET or USE. 3F000: there is no such database. */
  lookAtSettings(): void {
    const session = this.#session as HostSession;
    if (session.settingsVersion === this.#settingsVersion) return;
    this.#settingsVersion = session.settingsVersion;
    const commitsEach = session.setting('mysql.autocommit') === '1';
    // What was open is committed.
    if (commitsEach && !this.#commitsEach && session.status !== 'idle') session.ask('commit');
    this.#commitsEach = commitsEach;
    const used = session.setting('search_path').slice(1, -1).replaceAll('""', '"');
    if (used === this.database) return;
    const before = this.database;
    try {
      this.use(used);
    } catch (error) {
      session.ask(`use \`${before.replaceAll('`', '``')}\``);
      this.#settingsVersion = session.settingsVersion;
      throw error;
    }
  }

  // ---- packets ----

  /** `changes`: rows; what was changed last of the session is told to who asked for it. */
  ok(changes: number, info: string): void {
    this.#okOf(OK, changes, info);
  }

  #okOf(head: number, changes: number, info: string): void {
    const { writer } = this;
    const tracks = (this.#capabilities & CAN.sessionTrack) !== 0;
    const isMoved = tracks && this.database !== this.#toldDatabase;
    writer.begin();
    writer.uint(head, 1);
    writer.length(changes);
    writer.length(0);
    writer.uint(this.#status | (isMoved ? STATUS.sessionChanged : 0), 2);
    writer.uint(0, 2);
    if (tracks && (info !== '' || isMoved)) writer.lengthText(info);
    else if (!tracks) writer.text(info);
    if (isMoved) {
      this.#toldDatabase = this.database;
      // A name has at most 64 characters, so that each length is one byte.
      const name = Buffer.from(this.database).subarray(0, NAME_BYTES_MAX);
      writer.raw(Buffer.from([name.length + 3, TRACK_SCHEMA, name.length + 1, name.length]));
      writer.raw(name);
    }
    writer.end();
  }

  /** Behind columns, and parameters of a prepared statement, where the client wants it. */
  middle(): void {
    if (!this.#hasNoEof) this.eof();
  }

  eof(): void {
    const { writer } = this;
    writer.begin();
    writer.uint(END, 1);
    writer.uint(0, 2);
    writer.uint(this.#status, 2);
    writer.end();
  }

  error({ number, state, message }: MysqlError): void {
    const { writer } = this;
    if (this.#start >= 0) {
      // Nothing of the answer has left: there is none but this.
      this.#host.output.at = this.#start;
      writer.number = this.#firstNumber;
    } else this.#numberRows();
    this.#over();
    this.hasMore = false;
    writer.begin();
    writer.uint(ERROR, 1);
    writer.uint(number, 2);
    if (this.hasHeard) {
      writer.uint(SQLSTATE_MARK, 1);
      writer.text(state);
    }
    writer.text(message);
    writer.end();
  }

  // ---- rows ----

  /** Columns; rows follow in the output. */
  columns(columns: readonly WireColumn[]): void {
    const { writer } = this;
    this.#start = this.#host.output.at;
    this.#firstNumber = writer.number;
    writer.begin();
    writer.length(columns.length);
    writer.end();
    for (const column of columns) putColumn(writer, column);
    this.middle();
    this.#rowsAt = this.#host.output.at;
  }

  /** All rows are in the output. */
  rowsEnd(): void {
    this.#numberRows();
    this.#over();
    if (this.#hasNoEof) this.#okOf(END, 0, '');
    else this.eof();
  }

  /** What lies in the output leaves. */
  leaving(): void {
    if (this.#rowsAt < 0) return;
    this.#numberRows();
    this.#rowsAt = 0;
    this.#start = -1;
  }

  #numberRows(): void {
    if (this.#rowsAt >= 0) this.writer.numberRows(this.#rowsAt);
  }

  #over(): void {
    this.#rowsAt = -1;
    this.#start = -1;
  }
}

/**
 * The connections of a server in one shared memory, a row each: who may cancel them, and what they do, for all workers to see. Rows
 * are written by the worker that owns the connection; others only read, and take what they read as of about now.
 *
 *   words  | state | number | session | worker | secret (8) | ...    doubles | begun | transaction | statement | changed |    text
 */

const WORDS = 16;
/** Counts the connections that had this row. */
const NUMBER = 1;
const SESSION = 2;
const WORKER = 3;
const SECRET = 4;
const SECRET_WORDS = 8;
const WAITS = 12;

const DOUBLES = 4;
const TEXT_BYTES = 1024;

const FREE = 0;
const TAKEN = 1;
const OPEN = 2;

/** Texts of a row, each with its place and room. */
const TEXTS = { user: [0, 64], database: [64, 64], application: [128, 64], client: [192, 64], query: [256, 768] } as const;
export type TextName = keyof typeof TEXTS;

/** Process numbers that clients see: the row, and how often it was taken. */
const ROWS_MAX = 65536;

export interface SessionsHandle {
  readonly memory: SharedArrayBuffer;
  readonly rows: number;
}

export type ActivityState = 'idle' | 'active' | 'idle in transaction' | 'idle in transaction (aborted)';
const STATES: readonly ActivityState[] = ['idle', 'active', 'idle in transaction', 'idle in transaction (aborted)'];

/** A row as others see it. */
export interface SessionRow {
  readonly process: number;
  readonly worker: number;
  readonly session: number;
  readonly state: ActivityState;
  readonly isWaiting: boolean;
  /** Microseconds since 1970; 0: not. */
  readonly begun: number;
  readonly transactionBegun: number;
  readonly statementBegun: number;
  readonly changed: number;
  readonly user: string;
  readonly database: string;
  readonly application: string;
  readonly client: string;
  readonly query: string;
}

export class SessionsTable {
  readonly handle: SessionsHandle;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #bytes: Buffer;

  constructor(handle: SessionsHandle) {
    this.handle = handle;
    const { memory, rows } = handle;
    this.#words = new Int32Array(memory, 0, rows * WORDS);
    this.#times = new Float64Array(memory, rows * WORDS * 4, rows * DOUBLES);
    this.#bytes = Buffer.from(memory, rows * (WORDS * 4 + DOUBLES * 8), rows * TEXT_BYTES);
  }

  static create(rows: number): SessionsTable {
    const memory = new SharedArrayBuffer(rows * (WORDS * 4 + DOUBLES * 8 + TEXT_BYTES));
    return new SessionsTable({ memory, rows });
  }

  get rows(): number {
    return this.handle.rows;
  }

  /** Takes a free row below `limit`; -1: there is none. */
  take(limit: number): number {
    const rows = Math.min(limit, this.rows);
    for (let row = 0; row < rows; row++) {
      if (Atomics.load(this.#words, row * WORDS) !== FREE) continue;
      if (Atomics.compareExchange(this.#words, row * WORDS, FREE, TAKEN) !== FREE) continue;
      Atomics.add(this.#words, row * WORDS + NUMBER, 1);
      return row;
    }
    return -1;
  }

  process(row: number): number {
    return 1 + row + (this.#words[row * WORDS + NUMBER] & 0x7fff) * ROWS_MAX;
  }

  open(row: number, session: number, worker: number, secret: Buffer, now: number): void {
    const at = row * WORDS;
    const words = this.#words;
    words[at + SESSION] = session;
    words[at + WORKER] = worker;
    for (let index = 0; index < SECRET_WORDS; index++) words[at + SECRET + index] = secret.readInt32BE(index * 4);
    words[at + WAITS] = 0;
    this.#times.fill(0, row * DOUBLES, (row + 1) * DOUBLES);
    this.#times[row * DOUBLES] = now;
    this.#bytes.fill(0, row * TEXT_BYTES, (row + 1) * TEXT_BYTES);
    Atomics.store(words, at, OPEN);
  }

  free(row: number): void {
    this.#words.fill(0, row * WORDS + SESSION, (row + 1) * WORDS);
    Atomics.store(this.#words, row * WORDS, FREE);
  }

  /** Rows of a worker that has gone. */
  freeWorker(worker: number): void {
    for (let row = 0; row < this.rows; row++) {
      if (this.#words[row * WORDS] !== FREE && this.#words[row * WORDS + WORKER] === worker) this.free(row);
    }
  }

  /** Connections there are. */
  get count(): number {
    let count = 0;
    for (let row = 0; row < this.rows; row++) if (this.#words[row * WORDS] !== FREE) count++;
    return count;
  }

  /** The engine's session of the connection that holds this key, -1: there is none. */
  sessionOf(process: number, secret: Buffer): number {
    const row = (process - 1) % ROWS_MAX;
    if (process <= 0 || row >= this.rows || this.process(row) !== process) return -1;
    const at = row * WORDS;
    if (Atomics.load(this.#words, at) < OPEN || secret.length < 4 || secret.length > SECRET_WORDS * 4) return -1;
    let differs = secret.length % 4;
    for (let index = 0; index < secret.length >> 2; index++)
      differs |= this.#words[at + SECRET + index] ^ secret.readInt32BE(index * 4);
    return differs === 0 ? this.#words[at + SESSION] : -1;
  }

  sessionOfProcess(process: number): number {
    const row = (process - 1) % ROWS_MAX;
    if (process <= 0 || row >= this.rows || this.process(row) !== process) return -1;
    return Atomics.load(this.#words, row * WORDS) < OPEN ? -1 : this.#words[row * WORDS + SESSION];
  }

  text(row: number, name: TextName, value: string): void {
    const [place, room] = TEXTS[name];
    const at = row * TEXT_BYTES + place;
    this.#bytes.fill(0, at, at + room);
    this.#bytes.write(value, at, room - 1);
  }

  activity(row: number, state: ActivityState, isWaiting: boolean, transaction: number, statement: number, now: number): void {
    const words = this.#words;
    const at = row * DOUBLES;
    this.#times[at + 1] = transaction;
    this.#times[at + 2] = statement;
    this.#times[at + 3] = now;
    words[row * WORDS + WAITS] = isWaiting ? 1 : 0;
    Atomics.store(words, row * WORDS, OPEN + STATES.indexOf(state));
  }

  read(row: number): SessionRow | null {
    const at = row * WORDS;
    const state = Atomics.load(this.#words, at) - OPEN;
    if (state < 0) return null;
    const text = (name: TextName): string => this.#text(row, name);
    const [begun, transactionBegun, statementBegun, changed] = this.#times.subarray(row * DOUBLES, (row + 1) * DOUBLES);
    return {
      process: this.process(row),
      worker: this.#words[at + WORKER],
      session: this.#words[at + SESSION],
      state: STATES[state] ?? 'active',
      isWaiting: this.#words[at + WAITS] !== 0,
      ...{ begun, transactionBegun, statementBegun, changed },
      ...{ user: text('user'), database: text('database'), application: text('application') },
      ...{ client: text('client'), query: text('query') },
    };
  }

  #text(row: number, name: TextName): string {
    const [place, room] = TEXTS[name];
    const at = row * TEXT_BYTES + place;
    const zero = this.#bytes.indexOf(0, at);
    return this.#bytes.toString('utf8', at, Math.min(zero < 0 ? at + room : zero, at + room));
  }
}

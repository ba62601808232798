/**
 * A client of MySQL's protocol that hides nothing: packets as they come, with their numbers checked, and on top of them what tests ask
 * (dev.mysql.com/doc/dev/mysql-server).
 */

import { createHash, publicEncrypt, constants } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Payload } from './payload.ts';

const CAN = { long: 1, found: 2, database: 8, protocol41: 512, tls: 2048, secure: 32768, several: 1 << 16, results: 1 << 17 };
const PLUGIN = 1 << 19;
const TRACK = 1 << 23;
const NO_EOF = 1 << 24;
const LONGEST = 0xffffff;

export interface Column {
  readonly name: string;
  readonly type: number;
  readonly decimals: number;
  readonly flags: number;
}

export interface Result {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly changes: number;
  readonly status: number;
  /** The database that the server says is used now. */
  readonly database: string | null;
}

export class MysqlError extends Error {
  readonly number: number;
  readonly state: string;

  constructor(number: number, state: string, message: string) {
    super(message);
    this.number = number;
    this.state = state;
  }
}

export interface Options {
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly several?: boolean;
  readonly noEof?: boolean;
  readonly method?: 'mysql_native_password' | 'caching_sha2_password';
  readonly tls?: boolean;
}

const hash = (name: string, ...parts: readonly Uint8Array[]): Buffer =>
  parts.reduce((digest, part) => digest.update(part), createHash(name)).digest();
const xor = (a: Uint8Array, b: Uint8Array): Buffer => Buffer.from(a.map((byte, at) => byte ^ b[at % b.length]));

function proof(method: string, password: string, nonce: Buffer): Buffer {
  if (password === '') return Buffer.alloc(0);
  const [name, twice] = method === 'mysql_native_password' ? (['sha1', true] as const) : (['sha256', false] as const);
  const once = hash(name, Buffer.from(password));
  const doubled = hash(name, once);
  return xor(once, twice ? hash(name, nonce, doubled) : hash(name, doubled, nonce));
}

const u16 = (value: number): number[] => [value & 255, value >> 8];
const u32 = (value: number): number[] => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];

export class MysqlClient {
  #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #wake: (() => void) | null = null;
  #isClosed = false;
  #number = 0;
  capabilities = 0;
  version = '';
  /** The steps of the exchange of a password: 'fast', 'full', 'switch'. */
  readonly steps: string[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk as Buffer]);
      this.#wake?.();
    });
    const end = (): void => {
      this.#isClosed = true;
      this.#wake?.();
    };
    socket.on('close', end);
    socket.on('error', end);
  }

  static async connect(options: Options): Promise<MysqlClient> {
    const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const client = new MysqlClient(socket);
    await client.#greet(options);
    return client;
  }

  // ---- packets ----

  /** The next packet's payload. */
  async packet(): Promise<Payload> {
    for (;;) {
      if (this.#bytes.length >= 4) {
        const length = this.#bytes.readUIntLE(0, 3);
        if (this.#bytes.length >= 4 + length) {
          const number = this.#bytes[3];
          if (number !== this.#number) throw new Error(`packet ${number} came where ${this.#number} was to come`);
          this.#number = (number + 1) & 255;
          const payload = Buffer.from(this.#bytes.subarray(4, 4 + length));
          this.#bytes = this.#bytes.subarray(4 + length);
          return new Payload(payload);
        }
      }
      if (this.#isClosed) throw new Error('the server has closed the connection');
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** What is longer than a packet goes on in others. */
  send(payload: Uint8Array, isFirst = true): void {
    if (isFirst) this.#number = 0;
    const piece = payload.subarray(0, LONGEST);
    this.#socket.write(Buffer.concat([Buffer.from([...u32(piece.length).slice(0, 3), this.#number]), piece]));
    this.#number = (this.#number + 1) & 255;
    if (piece.length === LONGEST) this.send(payload.subarray(LONGEST), false);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** COM_QUIT: whether the server closes. */
  async quit(): Promise<boolean> {
    this.send(Buffer.from([1]));
    while (!this.#isClosed) await new Promise<void>((resolve) => (this.#wake = resolve));
    return true;
  }

  // ---- the handshake ----

  async #greet(options: Options): Promise<void> {
    const { user = 'root', password = '', database = '', method = 'caching_sha2_password' } = options;
    const hello = await this.#checked();
    if (hello.uint(1) !== 10) throw new Error('it is not the protocol 10');
    this.version = hello.zeroText();
    hello.skip(4);
    const first = hello.take(8);
    hello.skip(1);
    const low = hello.uint(2);
    hello.skip(3);
    const offered = (low | (hello.uint(2) << 16)) >>> 0;
    hello.skip(11);
    const nonce = Buffer.concat([first, hello.take(12)]);
    let wanted = CAN.long | CAN.found | CAN.protocol41 | CAN.secure | CAN.results | PLUGIN | TRACK;
    if (database !== '') wanted |= CAN.database;
    if (options.several === true) wanted |= CAN.several;
    if (options.noEof !== false) wanted |= NO_EOF;
    if (options.tls === true) wanted |= CAN.tls;
    this.capabilities = wanted & offered;
    const head = [...u32(this.capabilities), ...u32(1 << 24), 45, ...new Array<number>(23).fill(0)];
    if (options.tls === true) await this.#secure(head);
    const answer = proof(method, password, nonce);
    this.send(
      Buffer.concat([
        Buffer.from([...head, ...Buffer.from(user), 0, answer.length]),
        answer,
        Buffer.from(database === '' ? '' : `${database}\0`),
        Buffer.from(`${method}\0`),
      ]),
      false,
    );
    await this.#authenticate(password, nonce, method);
  }

  async #secure(head: number[]): Promise<void> {
    this.send(Buffer.from(head), false);
    this.#socket.removeAllListeners('data');
    const secure = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => secure.once('secureConnect', resolve).once('error', reject));
    this.#socket = secure;
    this.#listen(secure);
  }

  async #authenticate(password: string, firstNonce: Buffer, firstMethod: string): Promise<void> {
    let nonce = firstNonce;
    let method = firstMethod;
    for (;;) {
      const payload = await this.#checked();
      const head = payload.uint(1);
      if (head === 0) return;
      if (head === 0xfe) {
        this.steps.push('switch');
        method = payload.zeroText();
        nonce = Buffer.from(payload.take(20));
        this.send(proof(method, password, nonce), false);
      } else if (payload.bytes.length > 2) {
        const padding = constants.RSA_PKCS1_OAEP_PADDING;
        const secret = xor(Buffer.from(`${password}\0`), nonce);
        this.send(publicEncrypt({ key: payload.bytes.subarray(1).toString(), padding }, secret), false);
      } else if (payload.uint(1) === 3) this.steps.push('fast');
      else {
        this.steps.push('full');
        const isSecure = 'encrypted' in this.#socket;
        this.send(isSecure ? Buffer.from(`${password}\0`) : Buffer.from([2]), false);
      }
    }
  }

  async #checked(): Promise<Payload> {
    const payload = await this.packet();
    if (payload.bytes[0] !== 0xff) return payload;
    payload.skip(1);
    const number = payload.uint(2);
    const hasState = payload.bytes[payload.at] === 0x23;
    const state = hasState ? payload.take(6).toString().slice(1) : '';
    throw new MysqlError(number, state, payload.take(payload.rest).toString());
  }

  // ---- commands ----

  async command(code: number, ...rest: readonly (Uint8Array | string)[]): Promise<Result> {
    this.send(Buffer.concat([Buffer.from([code]), ...rest.map((one) => Buffer.from(one))]));
    return this.result(false);
  }

  async query(text: string): Promise<Result> {
    return this.command(3, text);
  }

  /** All results of a text with several statements. */
  async queries(text: string): Promise<Result[]> {
    const results = [await this.query(text)];
    while ((results[results.length - 1].status & 8) !== 0) results.push(await this.result(false));
    return results;
  }

  async result(isBinary: boolean): Promise<Result> {
    const first = await this.#checked();
    if (first.bytes[0] === 0 || (first.bytes[0] === 0xfe && first.bytes.length < 9)) return this.#ok(first, [], []);
    const columns: Column[] = [];
    for (let count = first.length(); count > 0; count--) columns.push(this.#column(await this.#checked()));
    if ((this.capabilities & NO_EOF) === 0) await this.#checked();
    const rows: (string | null)[][] = [];
    for (;;) {
      const payload = await this.#checked();
      if (payload.bytes[0] === 0xfe && payload.bytes.length < 0xffffff && (!isBinary || payload.bytes.length < 32))
        return this.#ok(payload, columns, rows);
      rows.push(isBinary ? binaryRow(payload, columns) : columns.map(() => payload.textOrNull()));
    }
  }

  #ok(payload: Payload, columns: Column[], rows: (string | null)[][]): Result {
    const head = payload.uint(1);
    if (head === 0xfe && (this.capabilities & NO_EOF) === 0) {
      payload.skip(2);
      return { columns, rows, changes: 0, status: payload.uint(2), database: null };
    }
    const changes = payload.length();
    payload.length();
    const status = payload.uint(2);
    payload.skip(2);
    let database: string | null = null;
    if ((this.capabilities & TRACK) !== 0 && (status & 0x4000) !== 0) {
      payload.text();
      const state = new Payload(payload.take(payload.length()));
      if (state.uint(1) === 1) {
        state.length();
        database = state.text();
      }
    }
    return { columns, rows, changes, status, database };
  }

  #column(payload: Payload): Column {
    for (let count = 0; count < 4; count++) payload.text();
    const name = payload.text();
    payload.text();
    payload.skip(1 + 2 + 4);
    const type = payload.uint(1);
    const flags = payload.uint(2);
    return { name, type, flags, decimals: payload.uint(1) };
  }

  async prepare(text: string): Promise<{ readonly id: number; readonly parameters: number; readonly columns: Column[] }> {
    this.send(Buffer.concat([Buffer.from([22]), Buffer.from(text)]));
    const head = await this.#checked();
    head.skip(1);
    const id = head.uint(4);
    const [columnCount, parameters] = [head.uint(2), head.uint(2)];
    const columns: Column[] = [];
    const hasEof = (this.capabilities & NO_EOF) === 0;
    for (let count = 0; count < parameters; count++) await this.#checked();
    if (parameters > 0 && hasEof) await this.#checked();
    for (let count = 0; count < columnCount; count++) columns.push(this.#column(await this.#checked()));
    if (columnCount > 0 && hasEof) await this.#checked();
    return { id, parameters, columns };
  }

  /** Values with their types; null: NULL. */
  async execute(id: number, values: readonly (readonly [type: number, bytes: Uint8Array] | null)[]): Promise<Result> {
    const nulls = Buffer.alloc((values.length + 7) >> 3);
    values.forEach((value, at) => {
      if (value === null) nulls[at >> 3] |= 1 << (at & 7);
    });
    const types = values.flatMap((value) => [value === null ? 6 : value[0], 0]);
    const body =
      values.length === 0 ? [] : [nulls, Buffer.from([1, ...types]), ...values.map((value) => Buffer.from(value?.[1] ?? []))];
    this.send(Buffer.concat([Buffer.from([23, ...u32(id), 0, ...u32(1)]), ...body]));
    return this.result(true);
  }
}

/** A text with its length in front. */
export const lengthText = (text: string): Buffer => Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);
export { u16, u32 };

function binaryRow(payload: Payload, columns: readonly Column[]): (string | null)[] {
  payload.skip(1);
  const nulls = payload.take((columns.length + 9) >> 3);
  return columns.map(({ type }, at) => {
    if ((nulls[(at + 2) >> 3] & (1 << ((at + 2) & 7))) !== 0) return null;
    return binaryValue(payload, type);
  });
}

function binaryValue(payload: Payload, type: number): string {
  switch (type) {
    case 2:
      return String(payload.take(2).readInt16LE());
    case 3:
      return String(payload.take(4).readInt32LE());
    case 8:
      return String(payload.take(8).readBigInt64LE());
    case 4:
      return String(Number(payload.take(4).readFloatLE().toPrecision(7)));
    case 5:
      return String(payload.take(8).readDoubleLE());
    case 11: {
      const field = Buffer.alloc(12);
      payload.take(payload.uint(1)).copy(field);
      const two = (value: number): string => String(value).padStart(2, '0');
      const fraction = field.readUInt32LE(8);
      const clock = `${two(field[5])}:${two(field[6])}:${two(field[7])}`;
      return fraction === 0 ? clock : `${clock}.${String(fraction).padStart(6, '0')}`;
    }
    case 7:
    case 10:
    case 12: {
      const field = Buffer.alloc(11);
      payload.take(payload.uint(1)).copy(field);
      const two = (value: number): string => String(value).padStart(2, '0');
      const date = `${String(field.readUInt16LE(0)).padStart(4, '0')}-${two(field[2])}-${two(field[3])}`;
      if (type === 10) return date;
      const fraction = field.readUInt32LE(7);
      return `${date} ${two(field[4])}:${two(field[5])}:${two(field[6])}${fraction === 0 ? '' : `.${String(fraction).padStart(6, '0')}`}`;
    }
    default:
      return payload.text();
  }
}

/** A client that sends what it is told, byte for byte, and reads messages of protocol 3. */

import { connect, type Socket } from 'node:net';

export interface Message {
  /** 'Z', 'D'; 'SSL' for the byte that answers an SSLRequest. */
  readonly type: string;
  readonly body: Buffer;
}

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const half = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
const text = (value: string): Buffer => Buffer.from(`${value}\0`);

export const message = (type: string, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), word(body.length + 4), body]);
};

export const startup = (parameters: Record<string, string>, version = 196608): Buffer => {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [text(name), text(value)]);
  const body = Buffer.concat([word(version), ...pairs, Buffer.from([0])]);
  return Buffer.concat([word(body.length + 4), body]);
};

export const query = (sql: string): Buffer => message('Q', text(sql));
export const parse = (name: string, sql: string, types: readonly number[] = []): Buffer =>
  message('P', text(name), text(sql), half(types.length), ...types.map(word));

/** Values as text; null: NULL. `results`: format codes. */
export const bind = (
  portal: string,
  statement: string,
  values: readonly (string | null)[] = [],
  results: readonly number[] = [],
): Buffer =>
  message(
    'B',
    ...[text(portal), text(statement), half(0), half(values.length)],
    ...values.flatMap((value) => (value === null ? [word(-1)] : [word(Buffer.byteLength(value)), Buffer.from(value)])),
    ...[half(results.length), ...results.map(half)],
  );
export const describe = (kind: 'S' | 'P', name: string): Buffer => message('D', Buffer.from(kind), text(name));
export const execute = (portal: string, rowsMax = 0): Buffer => message('E', text(portal), word(rowsMax));
export const close = (kind: 'S' | 'P', name: string): Buffer => message('C', Buffer.from(kind), text(name));
export const sync = message('S');
export const flush = message('H');
export const terminate = message('X');
export const password = (value: string): Buffer => message('p', text(value));
export const sslRequest = Buffer.concat([word(8), word(80877103)]);
export const gssRequest = Buffer.concat([word(8), word(80877104)]);
export const cancelRequest = (process: number, secret: Buffer): Buffer =>
  Buffer.concat([word(12 + secret.length), word(80877102), word(process), secret]);

/** Fields of an error or notice by letter. */
export function fieldsOf({ body }: Message): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const part of body.toString().split('\0')) if (part !== '') fields[part[0]] = part.slice(1);
  return fields;
}

/** Values of a DataRow as text. */
export function valuesOf({ body }: Message): (string | null)[] {
  const values: (string | null)[] = [];
  let at = 2;
  for (let count = body.readInt16BE(0); count > 0; count--) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.toString('utf8', at, at + length));
    at += Math.max(0, length);
  }
  return values;
}

export class RawClient {
  readonly socket: Socket;
  #bytes = Buffer.alloc(0);
  #wake: (() => void) | null = null;
  hasEnded = false;
  /** The next byte has no length behind it. */
  expectsLetter = false;
  key: { process: number; secret: Buffer } | null = null;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wakeUp();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.hasEnded = true;
      this.#wakeUp();
    });
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }

  send(...parts: Buffer[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** The next message; null: the server has closed the connection. */
  async next(): Promise<Message | null> {
    for (;;) {
      const bytes = this.#bytes;
      if (this.expectsLetter && bytes.length > 0) {
        this.expectsLetter = false;
        this.#bytes = bytes.subarray(1);
        return { type: 'SSL', body: bytes.subarray(0, 1) };
      }
      const length = bytes.length < 5 ? 0 : 1 + bytes.readInt32BE(1);
      if (length > 0 && bytes.length >= length) {
        this.#bytes = bytes.subarray(length);
        return { type: String.fromCharCode(bytes[0]), body: bytes.subarray(5, length) };
      }
      if (this.hasEnded) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Messages up to one of this type, with it; or up to the end of the connection. */
  async until(type: string): Promise<Message[]> {
    const messages: Message[] = [];
    for (;;) {
      const next = await this.next();
      if (next === null) return messages;
      messages.push(next);
      if (next.type === type) return messages;
    }
  }

  /** What the server says to this until it is ready: types in one text, 'TDDCZ'. */
  async types(...parts: Buffer[]): Promise<string> {
    this.send(...parts);
    return (await this.until('Z')).map(({ type }) => type).join('');
  }

  async begin(parameters: Record<string, string> = {}): Promise<Message[]> {
    this.send(startup({ user: 'postgres', ...parameters }));
    const messages = await this.until('Z');
    const key = messages.find(({ type }) => type === 'K');
    if (key !== undefined) this.key = { process: key.body.readInt32BE(0), secret: Buffer.from(key.body.subarray(4)) };
    return messages;
  }

  end(): void {
    this.socket.destroy();
  }
}

export async function rawClient(port: number, parameters: Record<string, string> = {}): Promise<RawClient> {
  const client = new RawClient(port);
  await client.begin(parameters);
  return client;
}

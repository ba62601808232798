/**
 * The beginning of a connection, up to the session:
 *
 *   SSLRequest     'S' and TLS, or 'N'        GSSENCRequest  'N'       CancelRequest  no answer, the end
 *   a TLS hello    TLS from the first byte (ALPN 'postgresql')
 *   StartupMessage -> (NegotiateProtocolVersion) -> by the rules: nothing, password, SASL -> AuthenticationOk, settings, key, ready
 */

import type { ConnectionHost, HostSession } from '../../../plugins/contract/connection.ts';
import { fitsPassword, MECHANISM, ScramExchange } from '../auth.ts';
import { wireError } from '../errors.ts';
import type { MessageReader } from './read.ts';
import { putAuthenticationCleartext, putAuthenticationOk, putBackendKey, putNegotiate, putReady, putSasl } from './write.ts';

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;
/** The first byte of TLS: a record of its handshake. */
const TLS_HANDSHAKE = 0x16;

/** Minors of protocol 3 that are spoken; 3.1 was never one. */
const MINORS = [0, 2];
/** Bytes of a secret that cancels, by minor. */
const SECRET_BYTES: { readonly [minor: number]: number } = { 0: 4, 2: 32 };

/** The message with a first byte of its own: password, SASL. */
const PASSWORD = 0x70;

type Phase = 'first' | 'password' | 'saslFirst' | 'saslFinal' | 'waiting' | 'over';

export class Startup {
  readonly #host: ConnectionHost;
  readonly #reader: MessageReader;
  readonly #begun: (session: HostSession) => void;
  readonly #fail: (error: unknown) => void;
  #phase: Phase = 'first';
  #hasAskedTls = false;
  #hasAskedGss = false;
  #user = '';
  #database = '';
  #minor = 0;
  readonly #settings = new Map<string, string>();
  #verifier: string | null = null;
  #scram: ScramExchange | null = null;

  /** `fail`: the connection ends with this error. */
  constructor(
    host: ConnectionHost,
    reader: MessageReader,
    begun: (session: HostSession) => void,
    fail: (error: unknown) => void,
  ) {
    this.#host = host;
    this.#reader = reader;
    this.#begun = begun;
    this.#fail = fail;
  }

  /** Takes one message; returns where it ends, or `start` when it is not all there. `wanted` is told its length. */
  take(bytes: Buffer, start: number, end: number, wanted: (bytes: number) => void): number {
    if (this.#phase === 'waiting' || this.#phase === 'over') return start;
    const typed = this.#phase === 'first' ? 0 : 1;
    if (
      this.#phase === 'first' &&
      bytes[start] === TLS_HANDSHAKE &&
      this.#host.canSecure &&
      !this.#host.isSecure &&
      !this.#hasAskedTls
    ) {
      // TLS from the first byte, as of PostgreSQL 17.
      this.#hasAskedTls = true;
      this.#host.startTls(bytes.subarray(start, end), 'postgresql');
      return end;
    }
    if (end - start < typed + 4) return start;
    if (typed === 1 && bytes[start] !== PASSWORD)
      throw wireError('08P01', `expected password response, got message type ${bytes[start]}`);
    const length = bytes.readUInt32BE(start + typed);
    const least = typed === 1 ? 4 : 8;
    if (length < least || length > this.#host.startupBytes) throw wireError('08P01', 'invalid length of startup packet');
    const over = start + typed + length;
    if (over > end) {
      wanted(typed + length);
      return start;
    }
    this.#reader.begin(bytes, start + typed + 4, over);
    if (typed === 0) this.#first(end > over);
    else this.#proof();
    return over;
  }

  #first(isMore: boolean): void {
    const code = this.#reader.word();
    switch (code) {
      case SSL_REQUEST:
        this.#tls(isMore);
        return;
      case GSS_REQUEST:
        if (this.#hasAskedGss) throw unknownProtocol(code);
        this.#hasAskedGss = true;
        this.#answer('N');
        return;
      case CANCEL_REQUEST:
        this.#cancel();
        return;
      default:
        if (code >>> 16 !== 3) throw unknownProtocol(code);
        this.#minor = code & 0xffff;
        this.#parameters();
    }
  }

  #answer(letter: string): void {
    const { output } = this.#host;
    output.need(1);
    output.bytes[output.at++] = letter.charCodeAt(0);
  }

  /** What came behind the request was not encrypted: whoever sent it is not the client. */
  #tls(isMore: boolean): void {
    if (this.#hasAskedTls || this.#host.isSecure) throw unknownProtocol(SSL_REQUEST);
    this.#hasAskedTls = true;
    if (!this.#host.canSecure) {
      this.#answer('N');
      return;
    }
    if (isMore) throw wireError('08P01', 'received unencrypted data after SSL request');
    this.#answer('S');
    this.#host.startTls();
  }

  #cancel(): void {
    const reader = this.#reader;
    const process = reader.word();
    const length = reader.end - reader.at;
    const start = reader.skip(length);
    this.#phase = 'over';
    this.#host.cancel(process, reader.bytes.subarray(start, start + length));
    this.#host.close();
  }

  #parameters(): void {
    const reader = this.#reader;
    const unknown: string[] = [];
    let options = '';
    for (;;) {
      const name = reader.text();
      if (name === '') break;
      const value = reader.text();
      if (name === 'user') this.#user = value;
      else if (name === 'database') this.#database = value;
      else if (name === 'options') options = value;
      else if (name === 'replication') {
        if (!/^(false|off|no|0)$/i.test(value)) throw wireError('0A000', 'replication connections are not supported');
      } else if (name.startsWith('_pq_.')) unknown.push(name);
      else this.#settings.set(name, value);
    }
    reader.done();
    for (const [name, value] of optionSettings(options)) this.#settings.set(name, value);
    if (this.#user === '') throw wireError('28000', 'no PostgreSQL user name specified in startup packet');
    if (this.#database === '') this.#database = this.#user;
    const spoken = MINORS.findLast((minor) => minor <= this.#minor) as number;
    if (spoken !== this.#minor || unknown.length > 0) putNegotiate(this.#host.output, spoken, unknown);
    this.#minor = spoken;
    this.#ask();
  }

  #ask(): void {
    const { method, verifier } = this.#host.authentication(this.#user, this.#database);
    const { output } = this.#host;
    this.#verifier = verifier;
    switch (method) {
      case 'trust':
        this.#begin();
        return;
      case 'password':
        this.#phase = 'password';
        putAuthenticationCleartext(output);
        return;
      case 'scram-sha-256':
        this.#phase = 'saslFirst';
        this.#scram = new ScramExchange(this.#user, verifier);
        putSasl(output, 10, MECHANISM);
        return;
      default:
        this.#refuse(
          `rejected by a rule`,
          wireError(
            '28000',
            `no pg_hba.conf entry allows user "${this.#user}", database "${this.#database}", ${this.#host.isSecure ? 'SSL encryption' : 'no encryption'}`,
          ),
        );
    }
  }

  #proof(): void {
    const reader = this.#reader;
    if (this.#phase === 'password') {
      const password = reader.text();
      reader.done();
      if (password !== '' && fitsPassword(password, this.#verifier, this.#user)) this.#begin();
      else this.#wrongPassword();
      return;
    }
    const scram = this.#scram as ScramExchange;
    if (this.#phase === 'saslFirst') {
      const mechanism = reader.text();
      if (mechanism !== MECHANISM) throw wireError('08P01', 'client selected an invalid SASL authentication mechanism');
      putSasl(this.#host.output, 11, scram.first(this.#data(reader.word())));
      this.#phase = 'saslFinal';
      return;
    }
    const last = scram.final(this.#data(reader.end - reader.at));
    if (last === null) {
      this.#wrongPassword();
      return;
    }
    putSasl(this.#host.output, 12, last);
    this.#begin();
  }

  #data(length: number): string {
    const reader = this.#reader;
    const start = reader.skip(length);
    reader.done();
    return reader.bytes.utf8Slice(start, start + length);
  }

  #wrongPassword(): void {
    this.#refuse('wrong password', wireError('28P01', `password authentication failed for user "${this.#user}"`));
  }

  /** The answer waits: guessing takes time. */
  #refuse(why: string, error: Error): void {
    this.#phase = 'waiting';
    this.#host.authenticationFailed(this.#user, why, () => {
      this.#phase = 'over';
      this.#fail(error);
    });
  }

  #begin(): void {
    this.#phase = 'over';
    const host = this.#host;
    putAuthenticationOk(host.output);
    const session = host.openSession(this.#user, this.#database, this.#settings);
    const { process, secret } = host.cancelKey(SECRET_BYTES[this.#minor]);
    this.#begun(session);
    putBackendKey(host.output, process, secret);
    putReady(host.output, session.status);
  }
}

function unknownProtocol(code: number): Error {
  const version = `${code >>> 16}.${code & 0xffff}`;
  return wireError('0A000', `unsupported frontend protocol ${version}: server supports 3.0 to 3.2`);
}

/** `-c name=value`, `--name=value`; a backslash takes a blank along. */
function optionSettings(options: string): [string, string][] {
  const words: string[] = [];
  for (const [word] of options.matchAll(/(?:\\.|[^\\\s])+/gs)) words.push(word.replace(/\\(.)/gs, '$1'));
  const found: [string, string][] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    const text = word === '-c' ? (words[++at] ?? '') : word.startsWith('-c') || word.startsWith('--') ? word.slice(2) : '';
    const equals = text.indexOf('=');
    if (equals <= 0) throw wireError('42601', `invalid command-line argument for server process: ${word}`);
    found.push([text.slice(0, equals).replaceAll('-', '_'), text.slice(equals + 1)]);
  }
  return found;
}

/**
 * From the first packet to the session (dev.mysql.com/doc/dev/mysql-server, 'Connection Phase').
 *
 *   server   HandshakeV10: version, capabilities, nonce            client   SSLRequest, then TLS; or at once:
 *   client   HandshakeResponse41: user, answer, database ...       server   OK, or ERR, or
 *   server   AuthSwitchRequest: another method, another nonce      client   an answer of that method
 *   server   AuthMoreData 3 (fast: it is right), 4 (full)          client   the password, or 2: the server's key
 */

import { plainError } from '../../../engine/sblr/parse-error.ts';
import type { ConnectionHost } from '../../../plugins/contract/connection.ts';
import { CACHING, decrypted, fitsFast, fitsNative, fitsPassword, makeNonce, NATIVE, publicKey, withoutZero } from '../auth.ts';
import { SERVER_VERSION } from '../variables.ts';
import type { PacketReader, PacketWriter } from './packets.ts';
import { CAN, OFFERED, STATUS } from './words.ts';

const PROTOCOL = 10;
/** utf8mb4_general_ci: what collations of the handshake say is the character set, in one byte. */
const HANDSHAKE_COLLATION = 45;
const FIRST_NONCE_BYTES = 8;
const RESERVED_BYTES = 10;
const FILLER_BYTES = 23;
const TLS_REQUEST_BYTES = 32;
const SWITCH = 0xfe;
const MORE = 1;
const FAST = 3;
const FULL = 4;
const WANTS_KEY = 2;

type Phase = 'response' | 'native' | 'fast' | 'password' | 'encrypted' | 'waiting' | 'over';

/** What a client has said of itself. */
export interface Greeting {
  readonly user: string;
  /** Empty: none. */
  readonly database: string;
  readonly capabilities: number;
}

/** The steps by which a client shows who it is; the same for COM_CHANGE_USER. */
export class Handshake {
  readonly #host: ConnectionHost;
  readonly #reader: PacketReader;
  readonly #writer: PacketWriter;
  readonly #done: (greeting: Greeting) => void;
  readonly #failed: (error: Error) => void;
  #phase: Phase = 'response';
  #nonce = makeNonce();
  #verifier: string | null = null;
  /** What comes next is encrypted. */
  wantsTls = false;
  #greeting: Greeting = { user: '', database: '', capabilities: 0 };

  constructor(
    host: ConnectionHost,
    reader: PacketReader,
    writer: PacketWriter,
    done: (greeting: Greeting) => void,
    failed: (error: Error) => void,
  ) {
    this.#host = host;
    this.#reader = reader;
    this.#writer = writer;
    this.#done = done;
    this.#failed = failed;
  }

  get isWaiting(): boolean {
    return this.#phase === 'waiting';
  }

  /** The first packet. */
  greet(connection: number): void {
    const writer = this.#writer;
    const offered = (OFFERED | (this.#host.canSecure ? CAN.tls : 0)) >>> 0;
    writer.begin();
    writer.uint(PROTOCOL, 1);
    writer.zeroText(SERVER_VERSION);
    writer.uint(connection, 4);
    writer.raw(this.#nonce.subarray(0, FIRST_NONCE_BYTES));
    writer.uint(0, 1);
    writer.uint(offered & 0xffff, 2);
    writer.uint(HANDSHAKE_COLLATION, 1);
    writer.uint(STATUS.autocommit, 2);
    writer.uint(offered >>> 16, 2);
    writer.uint(this.#nonce.length + 1, 1);
    writer.zeros(RESERVED_BYTES);
    writer.raw(this.#nonce.subarray(FIRST_NONCE_BYTES));
    writer.uint(0, 1);
    writer.zeroText(CACHING);
    writer.end();
  }

  /** A packet of the client's; the reader stands at its beginning. */
  take(): void {
    switch (this.#phase) {
      case 'response':
        this.#response();
        return;
      case 'native':
        this.#decide(fitsNative(this.#answer(), this.#nonce, this.#verifier));
        return;
      case 'fast':
        this.#fast(this.#answer());
        return;
      case 'password':
        this.#password();
        return;
      case 'encrypted': {
        const password = decrypted(this.#answer(), this.#nonce);
        this.#decide(password !== null && fitsPassword(password, this.#verifier));
        return;
      }
      default:
        throw plainError('08P01', 'Malformed communication packet');
    }
  }

  #answer(): Buffer {
    return Buffer.from(this.#reader.take(this.#reader.rest));
  }

  // ---- HandshakeResponse41 ----

  #response(): void {
    const reader = this.#reader;
    const isTlsRequest = reader.rest === TLS_REQUEST_BYTES;
    const capabilities = reader.u32();
    if ((capabilities & CAN.protocol41) === 0) throw plainError('08P01', 'clients before 4.1 are not served');
    reader.skip(4 + 1 + FILLER_BYTES);
    if (isTlsRequest) {
      if ((capabilities & CAN.tls) === 0 || !this.#host.canSecure || this.#host.isSecure)
        throw plainError('08P01', 'Malformed communication packet');
      this.wantsTls = true;
      return;
    }
    const user = reader.zeroText();
    const answer = Buffer.from(reader.take((capabilities & CAN.longAuthentication) !== 0 ? reader.length() : reader.u8()));
    const database = (capabilities & CAN.connectWithDatabase) !== 0 && reader.rest > 0 ? reader.zeroText() : '';
    const method = (capabilities & CAN.pluginAuthentication) !== 0 && reader.rest > 0 ? reader.zeroText() : NATIVE;
    this.#identify({ user, database, capabilities }, answer, method);
  }

  /** COM_CHANGE_USER, from behind its command. */
  change(capabilities: number, nonce: Buffer): void {
    this.#nonce = nonce;
    const reader = this.#reader;
    const user = reader.zeroText();
    const answer = Buffer.from(reader.take(reader.u8()));
    const database = reader.zeroText();
    if (reader.rest >= 2) reader.skip(2);
    const method = (capabilities & CAN.pluginAuthentication) !== 0 && reader.rest > 0 ? reader.zeroText() : NATIVE;
    this.#identify({ user, database, capabilities }, answer, method);
  }

  /** What the nonce of a later COM_CHANGE_USER is. */
  get nonce(): Buffer {
    return this.#nonce;
  }

  #identify(greeting: Greeting, answer: Buffer, method: string): void {
    this.#greeting = greeting;
    const { user } = greeting;
    const { method: wanted, verifier } = this.#host.authentication(user, this.#host.database);
    this.#verifier = verifier;
    if (wanted === 'trust') this.#over();
    else if (wanted === 'reject') this.#refuse('rejected by a rule');
    else if (method === NATIVE) this.#native(answer);
    else if (method === CACHING) this.#fast(answer);
    else this.#switch(CACHING, 'fast');
  }

  #native(answer: Buffer): void {
    // Without a password there is nothing to answer with, and the server does not tell.
    if (answer.length === 0) this.#switch(NATIVE, 'native');
    else this.#decide(fitsNative(answer, this.#nonce, this.#verifier));
  }

  /** An answer by this method, with a nonce of its own. */
  #switch(method: string, phase: Phase): void {
    this.#nonce = makeNonce();
    const writer = this.#writer;
    writer.begin();
    writer.uint(SWITCH, 1);
    writer.zeroText(method);
    writer.raw(this.#nonce);
    writer.uint(0, 1);
    writer.end();
    this.#phase = phase;
  }

  // ---- caching_sha2_password ----

  #fast(answer: Buffer): void {
    const fits =
      answer.length === 0 || (answer.length === 1 && answer[0] === 0) ? false : fitsFast(answer, this.#nonce, this.#verifier);
    if (fits === 'full') {
      this.#more(Buffer.from([FULL]));
      this.#phase = 'password';
      return;
    }
    if (fits) this.#more(Buffer.from([FAST]));
    this.#decide(fits);
  }

  #password(): void {
    const bytes = this.#answer();
    if (this.#host.isSecure) {
      this.#decide(fitsPassword(withoutZero(bytes), this.#verifier));
      return;
    }
    if (bytes.length !== 1 || bytes[0] !== WANTS_KEY) {
      this.#refuse('a password in the clear without TLS');
      return;
    }
    this.#more(Buffer.from(publicKey()));
    this.#phase = 'encrypted';
  }

  #more(bytes: Buffer): void {
    const writer = this.#writer;
    writer.begin();
    writer.uint(MORE, 1);
    writer.raw(bytes);
    writer.end();
  }

  // ---- the end ----

  #decide(fits: boolean): void {
    if (fits) this.#over();
    else this.#refuse('wrong password');
  }

  #over(): void {
    this.#phase = 'over';
    this.#done(this.#greeting);
  }

  /** The answer waits: guessing takes time. */
  #refuse(why: string): void {
    const { user } = this.#greeting;
    this.#phase = 'waiting';
    this.#host.authenticationFailed(user, why, () => {
      this.#phase = 'over';
      this.#failed(plainError('28000', `Access denied for user '${user}'@'%' (using password: YES)`));
    });
  }
}

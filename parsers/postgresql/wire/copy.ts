/**
 * COPY with the client:
 *
 *   out   CopyOutResponse, CopyData ..., CopyDone            rows are framed by the host
 *   in    CopyInResponse; then CopyData ... CopyDone | CopyFail from the client, Flush and Sync among them are nothing
 */

import { type ConnectionHost, DONE, type HostCopy, type Outcome } from '../../../plugins/contract/connection.ts';
import { wireError } from '../errors.ts';
import { putCopyDone, putCopyResponse } from './write.ts';

/** The client sends rows: the outcome comes with CopyDone. */
export const COPYING = 3;

/** Bytes that are collected before they are given on; pieces of a quarter of that go on as they are. */
const KEPT_BYTES = 1 << 16;
const PIECE_BYTES = KEPT_BYTES / 4;
/** A loop copies fewer bytes in less time than a call does. */
const LOOP_MAX = 48;

const NOTHING = Buffer.alloc(0);

/** Runs where a portal runs. */
export class CopyPortal {
  readonly #host: ConnectionHost;
  readonly #copy: HostCopy;
  readonly isIn: boolean;
  readonly tag = 'COPY';
  /** What has come since flush(). */
  #kept = NOTHING;
  #end = 0;

  constructor(host: ConnectionHost, copy: HostCopy, isIn: boolean) {
    this.#host = host;
    this.#copy = copy;
    this.isIn = isIn;
  }

  begin(): Outcome | typeof COPYING {
    const copy = this.#copy;
    const { output } = this.#host;
    if (this.isIn) {
      copy.begin();
      putCopyResponse(output, true, copy.isBinary, copy.columns);
      return COPYING;
    }
    putCopyResponse(output, false, copy.isBinary, copy.columns);
    return copy.begin();
  }

  resume(): Outcome {
    return DONE;
  }

  /** Takes what a message brought. Some clients send a message for each row: they are given on together. Hot. */
  keep(bytes: Buffer, start: number, end: number): Outcome {
    const length = end - start;
    let outcome: Outcome = DONE;
    if (this.#end + length > KEPT_BYTES || length >= PIECE_BYTES) outcome = this.flush();
    if (length >= PIECE_BYTES && outcome === DONE) return this.#copy.feed(bytes.subarray(start, end));
    if (this.#end + length > this.#kept.length) this.#kept = Buffer.allocUnsafeSlow(Math.max(KEPT_BYTES, length));
    const kept = this.#kept;
    const at = this.#end;
    if (length > LOOP_MAX) bytes.copy(kept, at, start, end);
    else for (let index = 0; index < length; index++) kept[at + index] = bytes[start + index];
    this.#end = at + length;
    return outcome;
  }

  /** Gives on what was kept. */
  flush(): Outcome {
    const end = this.#end;
    if (end === 0) return DONE;
    this.#end = 0;
    return this.#copy.feed(this.#kept.subarray(0, end));
  }

  finish(): Outcome {
    return this.#copy.finish();
  }

  /** The client has given up. */
  abort(why: string): unknown {
    this.#end = 0;
    return this.#copy.abort(why);
  }

  /** Another message than may come now. */
  unexpected(type: number): unknown {
    this.#copy.abort('unexpected message');
    return wireError('08P01', `unexpected message type 0x${type.toString(16).toUpperCase()} during COPY from stdin`);
  }

  /** Before the end is told. */
  ended(): void {
    if (!this.isIn) putCopyDone(this.#host.output);
  }

  get rows(): number {
    return this.#copy.rows;
  }

  get changes(): number {
    return this.#copy.rows;
  }

  close(): void {
    this.#copy.close();
  }
}

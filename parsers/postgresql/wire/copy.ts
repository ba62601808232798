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

/** Runs where a portal runs. */
export class CopyPortal {
  readonly #host: ConnectionHost;
  readonly #copy: HostCopy;
  readonly isIn: boolean;
  readonly tag = 'COPY';

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

  feed(bytes: Buffer, start: number, end: number): Outcome {
    return this.#copy.feed(bytes.subarray(start, end));
  }

  finish(): Outcome {
    return this.#copy.finish();
  }

  /** The client has given up. */
  abort(why: string): unknown {
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

/**
 * Values of parameters as a message brought them: where each lies in the message's bytes, and in which form (SBLR-R4). One object a
 * connection, filled for each Bind; the engine reads it while the statement begins, and never later.
 */

import type { ValueForm } from './row-format.ts';

export class EncodedValues {
  bytes: Buffer = Buffer.alloc(0);
  count = 0;
  readonly starts: number[] = [];
  /** Bytes of each; -1: NULL. */
  readonly lengths: number[] = [];
  readonly forms: ValueForm[] = [];

  /** Begins anew: values of a message that lies in `bytes`. */
  begin(bytes: Buffer): void {
    this.bytes = bytes;
    this.count = 0;
  }

  add(start: number, length: number, form: ValueForm): void {
    const { count } = this;
    this.starts[count] = start;
    this.lengths[count] = length;
    this.forms[count] = form;
    this.count = count + 1;
  }
}

/**
 * Values of parameters as a message brought them: where each lies in the message's bytes, and in which form (SBLR-R4). One object a
 * connection, filled for each Bind; the engine reads it while the statement begins. If that has to wait the host keeps the values themselves.
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

  /** The values are copied: what they lay in is another's. */
  own(): void {
    const { bytes, count, starts, lengths } = this;
    let total = 0;
    for (let index = 0; index < count; index++) total += Math.max(0, lengths[index]);
    const copy = Buffer.allocUnsafe(total);
    let at = 0;
    for (let index = 0; index < count; index++) {
      const length = Math.max(0, lengths[index]);
      bytes.copy(copy, at, starts[index], starts[index] + length);
      starts[index] = at;
      at += length;
    }
    this.bytes = copy;
  }
}

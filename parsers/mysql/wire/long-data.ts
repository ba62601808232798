/**
 * Values of a prepared statement that come in pieces before it runs (COM_STMT_SEND_LONG_DATA). A piece is not answered: what is wrong
 * with one is told when the statement runs.
 */

import { plainError } from '../../../engine/sblr/parse-error.ts';

/** What a piece takes beside its bytes: empty ones are not for nothing. */
const PIECE_BYTES = 128;

export class LongData {
  readonly #places: number;
  readonly #pieces = new Map<number, Buffer[]>();
  #fault: Error | null = null;
  /** What is kept. */
  bytes = 0;

  /** `places`: parameters that the statement has. */
  constructor(places: number) {
    this.#places = places;
  }

  /** The piece is copied. `room`: bytes that may be kept. */
  add(place: number, piece: Buffer, room: number): void {
    if (this.#fault !== null) return;
    const bytes = piece.length + PIECE_BYTES;
    if (place >= this.#places) this.#fail(plainError('08P01', 'there is no such parameter'));
    else if (bytes > room)
      this.#fail(plainError('54000', `Parameter of prepared statement is longer than 'max_allowed_packet' bytes`));
    else {
      const pieces = this.#pieces.get(place) ?? [];
      pieces.push(Buffer.from(piece));
      this.#pieces.set(place, pieces);
      this.bytes += bytes;
    }
  }

  #fail(fault: Error): void {
    this.clear();
    this.#fault = fault;
  }

  /** The values by place. 54000, 08P01: what was wrong with a piece. */
  values(): ReadonlyMap<number, Buffer> {
    if (this.#fault !== null) throw this.#fault;
    return new Map(Array.from(this.#pieces, ([place, pieces]) => [place, Buffer.concat(pieces)]));
  }

  clear(): void {
    this.#pieces.clear();
    this.#fault = null;
    this.bytes = 0;
  }
}

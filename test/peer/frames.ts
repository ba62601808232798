/** Frames on a stream: u32be length of what follows, bytes. */

const HEADER_BYTES = 4;

export function frameOf(bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + bytes.length);
  frame.writeUInt32BE(bytes.length, 0);
  frame.set(bytes, HEADER_BYTES);
  return frame;
}

/** Puts the pieces of a stream together. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that are whole with these bytes. */
  take(bytes: Uint8Array): Buffer[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    const frames: Buffer[] = [];
    while (this.#rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#rest.readUInt32BE(0);
      if (this.#rest.length < end) break;
      frames.push(this.#rest.subarray(HEADER_BYTES, end));
      this.#rest = this.#rest.subarray(end);
    }
    return frames;
  }
}

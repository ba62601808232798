/** The payload of a packet, read from its beginning. */

export class Payload {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  uint(width: number): number {
    this.at += width;
    return this.bytes.readUIntLE(this.at - width, width);
  }

  length(): number {
    const first = this.uint(1);
    return first < 0xfb
      ? first
      : first === 0xfc
        ? this.uint(2)
        : first === 0xfd
          ? this.uint(3)
          : Number(this.bytes.readBigUInt64LE(this.skip(8)));
  }

  skip(count: number): number {
    this.at += count;
    return this.at - count;
  }

  take(count: number): Buffer {
    const from = this.skip(count);
    return this.bytes.subarray(from, from + count);
  }

  /** A value of the text protocol. */
  textOrNull(): string | null {
    if (this.bytes[this.at] !== 0xfb) return this.text();
    this.skip(1);
    return null;
  }

  text(): string {
    return this.take(this.length()).toString();
  }

  zeroText(): string {
    const end = this.bytes.indexOf(0, this.at);
    const text = this.bytes.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }

  get rest(): number {
    return this.bytes.length - this.at;
  }
}

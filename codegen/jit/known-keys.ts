/**
 * A set of 32-bit keys that is emptied often and seldom large: open addressing, at most half full. A key counts when its mark is that
 * of the present generation, so emptying costs nothing, whatever the size.
 *
 * Hot: no allocation but for growth.
 */

/** Places at the beginning and at most; powers of two. Past half of the largest, what was known is forgotten. */
const PLACES_MIN = 1 << 8;
const PLACES_MAX = 1 << 20;
const GENERATION_MAX = 0x7fff_ffff;

export class KnownKeys {
  #keys = new Int32Array(PLACES_MIN);
  #marks = new Int32Array(PLACES_MIN);
  #mask = PLACES_MIN - 1;
  #shift = 32 - Math.log2(PLACES_MIN);
  #generation = 1;
  #count = 0;

  clear(): void {
    this.#count = 0;
    if (this.#generation++ < GENERATION_MAX) return;
    this.#marks.fill(0);
    this.#generation = 1;
  }

  has(key: number): boolean {
    const keys = this.#keys;
    const marks = this.#marks;
    const mask = this.#mask;
    for (let place = scattered(key, this.#shift); marks[place] === this.#generation; place = (place + 1) & mask) {
      if (keys[place] === key) return true;
    }
    return false;
  }

  /** A key that is not there yet. */
  add(key: number): void {
    if (2 * ++this.#count > this.#mask) {
      if (this.#mask + 1 === PLACES_MAX) {
        this.clear();
        this.#count = 1;
      } else this.#grow();
    }
    this.#put(key);
  }

  #put(key: number): void {
    let place = scattered(key, this.#shift);
    while (this.#marks[place] === this.#generation) place = (place + 1) & this.#mask;
    this.#keys[place] = key;
    this.#marks[place] = this.#generation;
  }

  #grow(): void {
    const keys = this.#keys;
    const marks = this.#marks;
    const places = 4 * keys.length;
    this.#keys = new Int32Array(places);
    this.#marks = new Int32Array(places);
    this.#mask = places - 1;
    this.#shift = 32 - Math.log2(places);
    for (let place = 0; place < keys.length; place++) if (marks[place] === this.#generation) this.#put(keys[place]);
  }
}

/** Keys of any stride fall apart evenly. */
const scattered = (key: number, shift: number): number => Math.imul(key, 0x9e3779b1) >>> shift;

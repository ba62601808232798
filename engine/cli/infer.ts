/** Types of columns that nobody has declared, from the values that a file begins with. */

const DATE = String.raw`\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`;
const TIME = String.raw`(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?`;
const ZONE = String.raw`(?:Z|[+-]\d\d(?::?\d\d)?)`;

/** From the narrowest. What looks like a number but begins with a zero is none: a postcode, an article. */
const TYPES: readonly (readonly [type: string, RegExp])[] = [
  ['boolean', /^(?:true|false|t|f)$/i],
  ['bigint', /^-?(?:0|[1-9]\d{0,17})$/],
  ['numeric', /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/],
  ['double precision', /^-?(?:(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)$/i],
  ['date', new RegExp(`^${DATE}$`)],
  ['timestamp', new RegExp(`^${DATE}(?:[ T]${TIME})?$`)],
  ['timestamp with time zone', new RegExp(`^${DATE}[ T]${TIME} ?${ZONE}$`, 'i')],
  ['uuid', /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i],
];
const OF_TEXTS = TYPES.slice(4);

/** Narrows down what a column may be, value by value. */
export class Guess {
  #left: readonly (readonly [type: string, RegExp])[] = TYPES;
  #isEmpty = true;
  /** JSON: what kinds of values there were. */
  readonly #kinds = new Set<string>();

  /** A value as a CSV file has it. */
  text(value: string): void {
    this.#isEmpty = false;
    if (this.#left.length > 0) this.#left = this.#left.filter(([, matches]) => matches.test(value));
  }

  /** A value as a JSON file has it; of a number its text. */
  json(kind: 'string' | 'number' | 'boolean' | 'object', value: string): void {
    if (!this.#kinds.has(kind)) this.#kinds.add(kind);
    if (kind === 'string') this.#left = this.#isEmpty ? OF_TEXTS : this.#left;
    this.text(value);
  }

  get type(): string {
    if (this.#kinds.has('object')) return 'jsonb';
    if (this.#isEmpty || this.#kinds.size > 1) return 'text';
    return this.#left[0]?.[0] ?? 'text';
  }
}

/** A name of a file's as one of SQL that needs no quotes. */
export function foldedName(name: string): string {
  const folded = name
    .normalize('NFC')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_]+/gu, '_')
    .replace(/^_+|_+$/g, '');
  return folded === '' ? 'column' : /^\d/.test(folded) ? `_${folded}` : folded;
}

/** The same for all columns of a file: each another one. */
export function foldedNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const folded = foldedName(name);
    let found = folded;
    for (let number = 2; taken.has(found); number++) found = `${folded}_${number}`;
    taken.add(found);
    return found;
  });
}

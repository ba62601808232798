/** JSON: an object a line, objects one behind the other, or one array of objects; of any length, read as they come. */

import { CommandError } from './command-error.ts';
import { Guess } from './infer.ts';
import { CopyText, type FileColumn, type ImportSource, type Input, type ReadOptions } from './import-source.ts';

const SAMPLE_OBJECTS = 20_000;
const SAMPLE_BYTES = 4 << 20;

type JsonObject = { readonly [key: string]: unknown };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const LF = 10;

/** The texts of the objects at the top of it, or in an array there, with the line each begins in. */
async function* objectTexts(input: Input): AsyncGenerator<readonly [text: string, line: number]> {
  let depth = 0;
  let isText = false;
  let isEscaped = false;
  let line = 1;
  let begun = 1;
  let before: Buffer[] = [];
  for await (const piece of input.pieces()) {
    let start = depth > 0 ? 0 : -1;
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at];
      if (byte === LF) line++;
      if (isText) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isText = false;
      } else if (byte === QUOTE) isText = true;
      else if (byte === OPEN) {
        if (depth++ > 0) continue;
        start = at;
        begun = line;
      } else if (byte === CLOSE && --depth === 0) {
        const last = piece.subarray(start, at + 1);
        yield [before.length === 0 ? last.toString() : Buffer.concat([...before, last]).toString(), begun];
        before = [];
        start = -1;
      } else if (depth === 0 && !isBetween(byte)) throw notObjects(input, line);
    }
    if (start >= 0) before.push(piece.subarray(start));
  }
  if (depth > 0) throw new CommandError(`${input.name}: the object of line ${begun} has no end`, 'is the file whole?');
}

/** Blanks, and what stands around and between the objects of an array. */
const isBetween = (byte: number): boolean =>
  byte === 32 || (byte >= 9 && byte <= 13) || byte === 0x5b || byte === 0x5d || byte === 0x2c || byte > 0x7f;

const notObjects = (input: Input, line: number): CommandError =>
  new CommandError(
    `${input.name}, line ${line}: there is something else than objects`,
    'an object a line, or an array of objects',
  );

/** Numbers of many digits keep them. */
const LONG_NUMBER = /[\d.]{16,}/;

class Exact {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
  toJSON(): unknown {
    return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(this.source);
  }
}

function parsed(text: string, line: number, input: Input): JsonObject {
  try {
    if (!LONG_NUMBER.test(text)) return JSON.parse(text) as JsonObject;
    return JSON.parse(text, (_key, value, context?: { source?: string }) =>
      typeof value === 'number' && context?.source !== undefined ? new Exact(context.source) : value,
    ) as JsonObject;
  } catch (error) {
    throw new CommandError(`${input.name}, line ${line}: ${(error as Error).message}`, 'mend the line, or leave it out');
  }
}

function guessed(guess: Guess, value: unknown): void {
  if (value === null || value === undefined) return;
  if (value instanceof Exact) guess.json('number', value.source);
  else if (typeof value === 'object') guess.json('object', '');
  else guess.json(typeof value as 'string' | 'number' | 'boolean', String(value));
}

export async function readJson(input: Input, options: ReadOptions): Promise<ImportSource> {
  const texts = objectTexts(input);
  const sample: [JsonObject, number][] = [];
  const guesses = new Map<string, Guess>();
  for (let bytes = 0; sample.length < SAMPLE_OBJECTS && bytes < SAMPLE_BYTES; ) {
    const { done, value } = await texts.next();
    if (done === true) break;
    bytes += value[0].length;
    const object = parsed(value[0], value[1], input);
    sample.push([object, value[1]]);
    for (const [key, one] of Object.entries(object)) {
      let guess = guesses.get(key);
      if (guess === undefined) guesses.set(key, (guess = new Guess()));
      guessed(guess, one);
    }
  }
  if (sample.length === 0) throw new CommandError(`${input.name} holds no objects`, 'an object a line, or an array of objects');
  const columns = [...guesses].map(([name, { type }]): FileColumn => ({ name, type }));
  const known = new Set(guesses.keys());
  const checked = (object: JsonObject, line: number): void => {
    if (options.ignoresUnknown) return;
    for (const key of Object.keys(object))
      if (!known.has(key))
        throw new CommandError(
          `${input.name}, line ${line}: "${key}" is no key of the first ${sample.length} objects`,
          '--ignore-unknown leaves it out; --columns declares the table with it',
        );
  };
  return {
    columns,
    copyOptions: '',
    async *rows(types) {
      const out = new CopyText();
      const taken = columns.flatMap(({ name }, index) => {
        const type = types[index];
        return type === null ? [] : [{ name, type }];
      });
      const add = (object: JsonObject): void => out.row(taken.map(({ name, type }) => textOf(object[name], type)));
      for (const [object] of sample) {
        add(object);
        if (out.isFull) yield out.take();
      }
      for await (const [text, line] of texts) {
        const object = parsed(text, line, input);
        checked(object, line);
        add(object);
        if (out.isFull) yield out.take();
      }
      if (!out.isEmpty) yield out.take();
    },
  };
}

/** The value as a column of this type reads it. */
export function textOf(value: unknown, type: string): string | null {
  if (value === undefined) return null;
  if (type === 'json' || type === 'jsonb') return value === null ? null : JSON.stringify(value);
  if (value === null) return null;
  if (Array.isArray(value) && type.endsWith('[]')) return arrayText(value);
  if (value instanceof Exact) return value.source;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function arrayText(values: readonly unknown[]): string {
  const texts = values.map((value) => {
    if (value === null) return 'NULL';
    if (Array.isArray(value)) return arrayText(value);
    return `"${(textOf(value, 'text') as string).replace(/["\\]/g, '\\$&')}"`;
  });
  return `{${texts.join(',')}}`;
}

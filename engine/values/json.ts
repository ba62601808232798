/**
 * JSON: one strict parser (RFC 8259) that keeps numbers as their text and knows where each value stands, and the canonical form of jsonb:
 * keys by length, then bytes, the last of equal ones; numbers as numerics; one blank behind ':' and ','.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { formatDecimal, parseDecimalText } from './decimal.ts';

export type JsonKind = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

export interface JsonNode {
  readonly kind: JsonKind;
  /** string: its characters; number: its text; boolean: 'true', 'false'. */
  readonly value: string;
  /** array, object: the values. */
  readonly items: readonly JsonNode[];
  /** object: the names of the values. */
  readonly keys: readonly string[];
  /** Where it stands in the text it was read from. */
  readonly start: number;
  readonly end: number;
}

const NONE: readonly never[] = [];
const DEPTH_MAX = 1500;

export const jsonNode = (
  kind: JsonKind,
  value = '',
  items: readonly JsonNode[] = NONE,
  keys: readonly string[] = NONE,
): JsonNode => ({
  kind,
  value,
  items,
  keys,
  start: 0,
  end: 0,
});
export const JSON_NULL = jsonNode('null', 'null');

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a JSON string must not hold.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const WORD = /[A-Za-z\d_$\u0080-\uffff.+-]+/y;

class Parser {
  readonly text: string;
  /** \u0000 and lone surrogates have no text: refused for jsonb, and wherever characters are needed. */
  readonly decodes: boolean;
  at = 0;
  depth = 0;

  constructor(text: string, decodes: boolean) {
    this.text = text;
    this.decodes = decodes;
  }

  fail(detail: string): SqlError {
    return new SqlError(SQLSTATE.invalid_text_representation, 'invalid input syntax for type json', { detail });
  }
  expected(what: string): SqlError {
    if (this.at >= this.text.length) return this.fail('The input string ended unexpectedly.');
    WORD.lastIndex = this.at;
    const word = WORD.exec(this.text)?.[0] ?? this.text[this.at];
    return this.fail(what === '' ? `Token "${word}" is invalid.` : `Expected ${what}, but found "${word}".`);
  }
  skip(): number {
    const { text } = this;
    for (;;) {
      const code = text.charCodeAt(this.at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return code;
      this.at++;
    }
  }
}

/** Reads one value and nothing behind it. 22P02. */
export function parseJson(text: string, decodes = true): JsonNode {
  const parser = new Parser(text, decodes);
  const node = parseValue(parser);
  parser.skip();
  if (parser.at < text.length) throw parser.expected('end of input');
  return node;
}

function parseValue(parser: Parser): JsonNode {
  const code = parser.skip();
  const start = parser.at;
  if (code === 34) {
    const value = parseString(parser);
    return { kind: 'string', value, items: NONE, keys: NONE, start, end: parser.at };
  }
  if (code === 123) return parseObject(parser, start);
  if (code === 91) return parseArray(parser, start);
  const { text } = parser;
  WORD.lastIndex = start;
  const word = WORD.exec(text)?.[0] ?? '';
  NUMBER.lastIndex = start;
  const number = NUMBER.exec(text)?.[0] ?? '';
  if (number !== '' && number.length >= word.length) {
    parser.at += number.length;
    return { kind: 'number', value: number, items: NONE, keys: NONE, start, end: parser.at };
  }
  if (word !== 'true' && word !== 'false' && word !== 'null') throw parser.expected(word === '' ? 'JSON value' : '');
  parser.at += word.length;
  return { kind: word === 'null' ? 'null' : 'boolean', value: word, items: NONE, keys: NONE, start, end: parser.at };
}

function enter(parser: Parser): void {
  parser.at++;
  if (++parser.depth > DEPTH_MAX) {
    throw new SqlError(SQLSTATE.statement_too_complex, `JSON is nested more than ${DEPTH_MAX} deep`);
  }
}

function parseArray(parser: Parser, start: number): JsonNode {
  enter(parser);
  const items: JsonNode[] = [];
  if (parser.skip() === 93) parser.at++;
  else {
    for (;;) {
      items.push(parseValue(parser));
      const next = parser.skip();
      if (next !== 44 && next !== 93) throw parser.expected('"," or "]"');
      parser.at++;
      if (next === 93) break;
    }
  }
  parser.depth--;
  return { kind: 'array', value: '', items, keys: NONE, start, end: parser.at };
}

function parseObject(parser: Parser, start: number): JsonNode {
  enter(parser);
  const items: JsonNode[] = [];
  const keys: string[] = [];
  if (parser.skip() === 125) parser.at++;
  else {
    for (;;) {
      if (parser.skip() !== 34) throw parser.expected(keys.length === 0 ? 'string or "}"' : 'string');
      keys.push(parseString(parser));
      if (parser.skip() !== 58) throw parser.expected('":"');
      parser.at++;
      items.push(parseValue(parser));
      const next = parser.skip();
      if (next !== 44 && next !== 125) throw parser.expected('"," or "}"');
      parser.at++;
      if (next === 125) break;
    }
  }
  parser.depth--;
  return { kind: 'object', value: '', items, keys, start, end: parser.at };
}

const ESCAPES: { readonly [letter: string]: string } = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

function parseString(parser: Parser): string {
  const { text } = parser;
  let result = '';
  parser.at++;
  for (;;) {
    PLAIN.lastIndex = parser.at;
    const plain = PLAIN.exec(text)?.[0] ?? '';
    result += plain;
    parser.at += plain.length;
    const next = text[parser.at++];
    if (next === '"') break;
    if (next === undefined) throw parser.fail('The input string ended unexpectedly.');
    if (next !== '\\')
      throw parser.fail(`Character with value 0x${next.charCodeAt(0).toString(16).padStart(2, '0')} must be escaped.`);
    const letter = text[parser.at++];
    if (letter === 'u') result += parseUnicode(parser);
    else if (letter !== undefined && Object.hasOwn(ESCAPES, letter)) result += ESCAPES[letter];
    else throw parser.fail(`Escape sequence "\\${letter ?? ''}" is invalid.`);
  }
  if (parser.decodes && !result.isWellFormed()) {
    throw parser.fail('Unicode surrogates must come in pairs.');
  }
  return result;
}

function parseUnicode(parser: Parser): string {
  const digits = parser.text.slice(parser.at, parser.at + 4);
  if (!/^[\da-fA-F]{4}$/.test(digits)) throw parser.fail('"\\u" must be followed by four hexadecimal digits.');
  parser.at += 4;
  const code = Number.parseInt(digits, 16);
  if (code === 0 && parser.decodes) {
    throw new SqlError(SQLSTATE.untranslatable_character, 'unsupported Unicode escape sequence', {
      detail: '\\u0000 cannot be converted to text.',
    });
  }
  return String.fromCharCode(code);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a JSON string must not hold.
const NEEDS_ESCAPE = /["\\\u0000-\u001f]/;
const SHORT: { readonly [character: string]: string } = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A string with its quotes. */
export function quoteJson(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  let result = '"';
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code >= 32 && code !== 34 && code !== 92) result += character;
    else result += SHORT[character] ?? `\\u${code.toString(16).padStart(4, '0')}`;
  }
  return result + '"';
}

const bytesOf = (key: string): number => Buffer.byteLength(key);

/** Keys in jsonb's order: shorter ones first, then by bytes. */
export function compareKeys(a: string, b: string): number {
  const byLength = bytesOf(a) - bytesOf(b);
  return byLength !== 0 ? byLength : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** An object of the given pairs as jsonb has it. */
export function jsonbObject(keys: readonly string[], items: readonly JsonNode[]): JsonNode {
  const pairs = new Map<string, JsonNode>();
  for (let index = 0; index < keys.length; index++) pairs.set(keys[index], items[index]);
  const sorted = [...pairs.keys()].sort(compareKeys);
  return jsonNode(
    'object',
    '',
    sorted.map((key) => pairs.get(key) as JsonNode),
    sorted,
  );
}

/** A tree as jsonb has it. */
export function normalizeJson(node: JsonNode): JsonNode {
  switch (node.kind) {
    case 'number':
      return { ...node, value: formatDecimal(parseDecimalText(node.value)) };
    case 'array':
      return { ...node, items: node.items.map(normalizeJson) };
    case 'object':
      return jsonbObject(node.keys, node.items.map(normalizeJson));
    default:
      return node;
  }
}

/** jsonb's text of a normalised tree. */
export function writeJsonb(node: JsonNode): string {
  switch (node.kind) {
    case 'string':
      return quoteJson(node.value);
    case 'array':
      return `[${node.items.map(writeJsonb).join(', ')}]`;
    case 'object':
      return `{${node.keys.map((key, index) => `${quoteJson(key)}: ${writeJsonb(node.items[index])}`).join(', ')}}`;
    default:
      return node.value;
  }
}

export const jsonbOf = (text: string): string => writeJsonb(normalizeJson(parseJson(text)));

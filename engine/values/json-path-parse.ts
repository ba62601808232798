/** Reads paths into jsonb, as PostgreSQL's jsonpath writes them. 42601, 22P02, 2201B. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { formatDecimal, parseDecimalText } from './decimal.ts';
import { quoteJson } from './json.ts';
import { syntax, type Token, tokensOf } from './json-path-lexer.ts';
import {
  type Accessor,
  ANY_LAST,
  type Arithmetic,
  type Comparison,
  isPredicate,
  type JsonPath,
  type Path,
  type PathNode,
} from './json-path-tree.ts';
import { compileRegex } from './regex.ts';

const METHODS = new Set(['type', 'size', 'abs', 'floor', 'ceiling', 'double', 'datetime', 'keyvalue']);
const COMPARISONS: { readonly [sign: string]: Comparison } = {
  '==': '==',
  '=': '==',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const DEPTH_MAX = 300;

class PathParser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #filters = 0;
  #subscripts = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  get #next(): Token {
    return this.#tokens[this.#at];
  }
  #fail(): SqlError {
    const { kind, text } = this.#next;
    return syntax(
      kind === 'end' ? 'syntax error at end of jsonpath input' : `syntax error at or near "${text}" of jsonpath input`,
    );
  }
  #is(text: string): boolean {
    const { kind, value } = this.#next;
    return (kind === 'sign' || kind === 'word') && (kind === 'word' ? value.toLowerCase() : value) === text;
  }
  #take(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at++;
    return true;
  }
  #expect(text: string): void {
    if (!this.#take(text)) throw this.#fail();
  }

  all(): JsonPath {
    const strict = this.#take('strict');
    if (!strict) this.#take('lax');
    const path = this.#or();
    if (this.#next.kind !== 'end') throw this.#fail();
    return { strict, path };
  }

  #or(): Path {
    if (++this.#depth > DEPTH_MAX) throw new SqlError(SQLSTATE.statement_too_complex, 'jsonpath is nested too deep');
    let left = this.#and();
    while (this.#is('||')) left = this.#both('or', left, () => this.#and());
    this.#depth--;
    return left;
  }
  #and(): Path {
    let left = this.#not();
    while (this.#is('&&')) left = this.#both('and', left, () => this.#not());
    return left;
  }
  #both(kind: 'and' | 'or', left: Path, further: () => Path): Path {
    if (!isPredicate(left)) throw this.#fail();
    this.#at++;
    const right = further();
    if (!isPredicate(right)) throw this.#fail();
    return plain({ kind, left, right });
  }

  #not(): Path {
    if (!this.#take('!')) return this.#comparison();
    if (!this.#is('(') && !this.#is('exists')) throw this.#fail();
    const operand = this.#is('(') ? this.#parenthesised() : this.#exists();
    if (!isPredicate(operand)) throw this.#fail();
    return plain({ kind: 'not', operand });
  }
  #exists(): Path {
    this.#at++;
    this.#expect('(');
    const operand = this.#value();
    this.#expect(')');
    return plain({ kind: 'exists', operand });
  }
  /** Alone: without anything behind it. */
  #parenthesised(): Path {
    this.#expect('(');
    const inner = this.#or();
    this.#expect(')');
    return inner;
  }

  #value(): Path {
    const path = this.#or();
    if (isPredicate(path)) throw this.#fail();
    return path;
  }

  #comparison(): Path {
    if (this.#is('exists') && this.#tokens[this.#at + 1].text === '(') return this.#exists();
    const left = this.#sum();
    const operator = this.#next.kind === 'sign' ? COMPARISONS[this.#next.value] : undefined;
    if (isPredicate(left)) {
      if (!this.#is('is')) return left;
      this.#at++;
      this.#expect('unknown');
      return plain({ kind: 'unknown', operand: left });
    }
    if (operator !== undefined) {
      this.#at++;
      const right = this.#sum();
      if (isPredicate(right)) throw this.#fail();
      return plain({ kind: 'compare', operator, left, right });
    }
    if (this.#take('starts')) {
      this.#expect('with');
      const token = this.#next;
      if (token.kind !== 'string' && token.kind !== 'variable') throw this.#fail();
      return plain({ kind: 'startsWith', left, right: this.#primary() });
    }
    return this.#take('like_regex') ? this.#likeRegex(left) : left;
  }

  #likeRegex(operand: Path): Path {
    const pattern = this.#string();
    const given = this.#take('flag') ? this.#string() : '';
    let flags = '';
    for (const flag of given) {
      if (!'ismxq'.includes(flag)) {
        throw new SqlError(SQLSTATE.syntax_error, 'invalid input syntax for type jsonpath', {
          detail: `Unrecognized flag character "${flag}" in LIKE_REGEX predicate.`,
        });
      }
    }
    for (const flag of 'ismxq') if (given.includes(flag)) flags += flag;
    if (flags.includes('x') && !flags.includes('q')) {
      throw new SqlError(SQLSTATE.feature_not_supported, 'XQuery "x" flag (expanded regular expressions) is not implemented');
    }
    compileRegex(pattern, regexFlags(flags));
    return plain({ kind: 'likeRegex', operand, pattern, flags });
  }
  #string(): string {
    const token = this.#next;
    if (token.kind !== 'string') throw this.#fail();
    this.#at++;
    return token.value;
  }

  #sum(): Path {
    let left = this.#product();
    while (this.#is('+') || this.#is('-')) left = this.#calculation(left, () => this.#product());
    return left;
  }
  #product(): Path {
    let left = this.#signed();
    while (this.#is('*') || this.#is('/') || this.#is('%')) left = this.#calculation(left, () => this.#signed());
    return left;
  }
  #calculation(left: Path, further: () => Path): Path {
    const operator = this.#next.value as Arithmetic;
    if (isPredicate(left)) throw this.#fail();
    this.#at++;
    const right = further();
    if (isPredicate(right)) throw this.#fail();
    return plain({ kind: 'arithmetic', operator, left, right });
  }
  #signed(): Path {
    const operator = this.#is('-') ? '-' : this.#is('+') ? '+' : null;
    if (operator === null) return this.#accessed();
    this.#at++;
    const operand = this.#signed();
    if (isPredicate(operand)) throw this.#fail();
    const { node, accessors } = operand;
    if (node.kind !== 'literal' || node.type !== 'number' || accessors.length > 0)
      return plain({ kind: 'unary', operator, operand });
    return operator === '+'
      ? operand
      : plain({ ...node, text: node.text.startsWith('-') ? node.text.slice(1) : `-${node.text}` });
  }

  #accessed(): Path {
    const primary = this.#is('(') ? this.#parenthesised() : this.#primary();
    const accessors: Accessor[] = [...primary.accessors];
    for (let more = this.#accessor(); more !== null; more = this.#accessor()) accessors.push(more);
    return accessors.length === primary.accessors.length ? primary : { node: primary.node, accessors };
  }

  #primary(): Path {
    const token = this.#next;
    this.#at++;
    if (token.kind === 'string') return plain({ kind: 'literal', type: 'string', text: token.value });
    if (token.kind === 'number') return plain({ kind: 'literal', type: 'number', text: numberText(token.value) });
    if (token.kind === 'variable') return plain({ kind: 'variable', name: token.value });
    if (token.value === '$' && token.kind === 'sign') return plain({ kind: 'root' });
    if (token.value === '@' && token.kind === 'sign') {
      if (this.#filters === 0) throw syntax('@ is not allowed in root expressions');
      return plain({ kind: 'current' });
    }
    if (token.kind === 'word' && (token.value === 'true' || token.value === 'false'))
      return plain({ kind: 'literal', type: 'boolean', text: token.value });
    if (token.kind === 'word' && token.value === 'null') return plain({ kind: 'literal', type: 'null', text: 'null' });
    if (token.kind === 'word' && token.value.toLowerCase() === 'last') {
      if (this.#subscripts === 0) throw syntax('LAST is allowed only in array subscripts');
      return plain({ kind: 'last' });
    }
    this.#at--;
    throw this.#fail();
  }

  #accessor(): Accessor | null {
    if (this.#take('[')) return this.#elements();
    if (this.#take('?')) {
      this.#expect('(');
      this.#filters++;
      const test = this.#or();
      this.#filters--;
      this.#expect(')');
      if (!isPredicate(test)) throw this.#fail();
      return { kind: 'filter', test };
    }
    return this.#take('.') ? this.#member() : null;
  }

  #member(): Accessor {
    const token = this.#next;
    this.#at++;
    if (token.kind === 'sign' && token.value === '*') return { kind: 'anyKey' };
    if (token.kind === 'sign' && token.value === '**') return this.#any();
    if (token.kind === 'variable') {
      const name = token.text.slice(1);
      if (!name.startsWith('"')) return { kind: 'key', name: token.text, quoted: `${quoteJson(token.text)}:` };
    }
    if (token.kind !== 'word' && token.kind !== 'string') {
      this.#at--;
      throw this.#fail();
    }
    if (token.kind === 'word' && this.#is('(') && METHODS.has(token.value)) {
      this.#at++;
      const argument = token.value === 'datetime' && this.#next.kind === 'string' ? this.#string() : null;
      this.#expect(')');
      return { kind: 'method', name: token.value, argument };
    }
    return { kind: 'key', name: token.value, quoted: `${quoteJson(token.value)}:` };
  }

  #any(): Accessor {
    if (!this.#take('{')) return { kind: 'any', first: 0, last: ANY_LAST };
    const first = this.#level();
    const last = this.#take('to') ? this.#level() : first;
    this.#expect('}');
    return { kind: 'any', first, last };
  }
  #level(): number {
    if (this.#take('last')) return ANY_LAST;
    const { kind, value } = this.#next;
    if (kind !== 'number' || !/^\d+$/.test(value)) throw this.#fail();
    this.#at++;
    return Math.min(Number(value), ANY_LAST);
  }

  #elements(): Accessor {
    if (this.#is('*') && this.#tokens[this.#at + 1].text === ']') {
      this.#at += 2;
      return { kind: 'anyElement' };
    }
    this.#subscripts++;
    const ranges: { from: Path; to: Path | null }[] = [];
    do {
      const from = this.#value();
      ranges.push({ from, to: this.#take('to') ? this.#value() : null });
    } while (this.#take(','));
    this.#subscripts--;
    this.#expect(']');
    return { kind: 'elements', ranges };
  }
}

const plain = (node: PathNode): Path => ({ node, accessors: [] });

function numberText(given: string): string {
  const text = given.replaceAll('_', '');
  return formatDecimal(parseDecimalText(/^0x/i.test(text) ? BigInt(text).toString() : text));
}

/** The options of a regular expression for the flags of like_regex: there a dot stops at a newline unless `s` says otherwise. */
export function regexFlags(flags: string): string {
  const ignoreCase = flags.includes('i') ? 'i' : '';
  if (flags.includes('q')) return `${ignoreCase}q`;
  const lines = flags.includes('m');
  return ignoreCase + (flags.includes('s') ? (lines ? 'w' : 's') : lines ? 'n' : 'p');
}

const KEPT_MAX = 200;
const kept = new Map<string, JsonPath>();

/** Parsed, and kept for the next call. */
export function parseJsonPath(text: string): JsonPath {
  let path = kept.get(text);
  if (path === undefined) {
    if (/^\s*$/.test(text)) {
      throw new SqlError(SQLSTATE.invalid_text_representation, `invalid input syntax for type jsonpath: "${text}"`);
    }
    path = new PathParser(text).all();
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(text, path);
  }
  return path;
}

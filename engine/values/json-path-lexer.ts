/** The words of a path into jsonb (json-path-parse.ts). */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';

type TokenKind = 'word' | 'string' | 'variable' | 'number' | 'sign' | 'end';
export interface Token {
  readonly kind: TokenKind;
  /** Decoded; of a word also without its escapes. */
  readonly value: string;
  /** As written. */
  readonly text: string;
}

const BLANK = /(?:[\s]|\/\*[\s\S]*?\*\/)+/y;
const NUMBER = /(?:0[xX][\da-fA-F_]+|(?:\d[\d_]*)(?:\.[\d_]*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/y;
const WORD = /(?:[^?%$.[\]{}()|&!=<>@#,*:\-+/\\"\s]|\\(?:u\{[\da-fA-F]{1,6}\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|[\s\S]))+/y;
const SIGN = /\*\*|&&|\|\||<=|>=|==|<>|!=|[?$.[\]{}()!<>@#,*:\-+/%=|&]/y;
const ESCAPE = /\\(?:u\{([\da-fA-F]{1,6})\}|u([\da-fA-F]{4})|x([\da-fA-F]{2})|([\s\S]))/g;
const LETTERS: { readonly [letter: string]: string } = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

export const syntax = (message: string): SqlError => new SqlError(SQLSTATE.syntax_error, message);

const unescaped = (text: string): string =>
  text.replace(ESCAPE, (_, braced: string, four: string, two: string, letter: string) => {
    const digits = braced ?? four ?? two;
    if (digits === undefined) return LETTERS[letter] ?? letter;
    const point = Number.parseInt(digits, 16);
    if (point === 0) {
      throw new SqlError(SQLSTATE.untranslatable_character, 'unsupported Unicode escape sequence', {
        detail: '\\u0000 cannot be converted to text.',
      });
    }
    return four === undefined ? String.fromCodePoint(point) : String.fromCharCode(point);
  });

function matched(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

function readString(text: string, at: number): string {
  let end = at + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  if (end >= text.length) throw syntax('unterminated quoted string at end of jsonpath input');
  return text.slice(at, end + 1);
}

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += (matched(BLANK, text, at) ?? '').length;
    if (at >= text.length) break;
    const token = tokenAt(text, at, tokens);
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ kind: 'end', value: '', text: '' });
  return tokens;
}

function tokenAt(text: string, at: number, before: readonly Token[]): Token {
  if (text[at] === '"') {
    const quoted = readString(text, at);
    return { kind: 'string', value: unescaped(quoted.slice(1, -1)), text: quoted };
  }
  if (text[at] === '$') {
    const name = text[at + 1] === '"' ? readString(text, at + 1) : matched(WORD, text, at + 1);
    if (name !== null)
      return { kind: 'variable', value: unescaped(name.startsWith('"') ? name.slice(1, -1) : name), text: `$${name}` };
  }
  const isKey = before.at(-1)?.text === '.';
  const number = isKey && text[at] !== '.' ? null : matched(NUMBER, text, at);
  if (number !== null) return { kind: 'number', value: number, text: number };
  const word = matched(WORD, text, at);
  if (word !== null) return { kind: 'word', value: unescaped(word), text: word };
  const sign = matched(SIGN, text, at);
  if (sign === null) throw syntax(`syntax error at or near "${text[at]}" of jsonpath input`);
  return { kind: 'sign', value: sign, text: sign };
}

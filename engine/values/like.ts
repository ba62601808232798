/**
 * LIKE and ILIKE over code points: `_` one, `%` any number, the escape takes what follows literally. A pattern is cut at its `%` into
 * pieces, each of which is looked for behind the one before: no backtracking, pieces x text at worst. Compiled patterns are kept.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';

/** In place of a character: an escape with nothing behind it. */
const DANGLING = -2;

/** A piece between two `%`: text without `_`, or a list of code points with -1 for any. */
type Piece = string | readonly number[];

interface Pattern {
  readonly pieces: readonly Piece[];
  /** One piece only: the whole text. */
  readonly exact: boolean;
}

const KEPT_MAX = 500;
const patterns = new Map<string, Pattern>();

const endsWithEscape = (): SqlError =>
  new SqlError(SQLSTATE.invalid_escape_sequence, 'LIKE pattern must not end with escape character');

function compilePattern(pattern: string): Pattern {
  const pieces: Piece[] = [];
  let points: number[] = [];
  let hasAny = false;
  let wasPercent = false;
  const close = (): void => {
    pieces.push(hasAny ? points : String.fromCodePoint(...points));
    points = [];
    hasAny = false;
  };
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    let character = characters[at];
    const special = character === '%' || character === '_';
    if (character === '\\') {
      character = characters[++at];
      if (character === undefined) {
        // An error only where matching gets that far.
        points.push(DANGLING);
        hasAny = true;
        wasPercent = false;
        break;
      }
    }
    if (special && character === '%') {
      if (!wasPercent) close();
      wasPercent = true;
      continue;
    }
    wasPercent = false;
    if (special) {
      points.push(-1);
      hasAny = true;
    } else points.push(character.codePointAt(0) as number);
  }
  close();
  return { pieces, exact: pieces.length === 1 };
}

function patternOf(pattern: string): Pattern {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    compiled = compilePattern(pattern);
    if (patterns.size >= KEPT_MAX) patterns.clear();
    patterns.set(pattern, compiled);
  }
  return compiled;
}

/** End of the piece if it stands at `at`, else -1. */
function matchHere(text: string, at: number, piece: Piece): number {
  if (typeof piece === 'string') return text.startsWith(piece, at) ? at + piece.length : -1;
  let place = at;
  for (const wanted of piece) {
    const point = text.codePointAt(place);
    if (point !== undefined && wanted === DANGLING) throw endsWithEscape();
    if (point === undefined || (wanted >= 0 && point !== wanted)) return -1;
    place += point > 0xffff ? 2 : 1;
  }
  return place;
}

/** End of the first place where the piece stands from `from` on, else -1. */
function findPiece(text: string, from: number, piece: Piece): number {
  if (typeof piece === 'string') {
    const at = text.indexOf(piece, from);
    return at < 0 ? -1 : at + piece.length;
  }
  for (let at = from; at <= text.length; at++) {
    const end = matchHere(text, at, piece);
    if (end >= 0) return end;
    const point = text.codePointAt(at);
    if (point !== undefined && point > 0xffff) at++;
  }
  return -1;
}

/** Does the text end with the piece, not before `from`? */
function endsWith(text: string, from: number, piece: Piece): boolean {
  if (typeof piece === 'string') return text.length - piece.length >= from && text.endsWith(piece);
  let at = text.length;
  for (let count = piece.length; count > 0; count--) {
    if (at <= from) return false;
    const low = text.charCodeAt(at - 1);
    at -= low >= 0xdc00 && low < 0xe000 && at - 2 >= from ? 2 : 1;
  }
  return matchHere(text, at, piece) === text.length;
}

export function like(text: string, pattern: string): boolean {
  const { pieces, exact } = patternOf(pattern);
  let at = matchHere(text, 0, pieces[0]);
  if (exact) return at === text.length;
  if (at < 0) return false;
  const last = pieces.length - 1;
  for (let index = 1; index < last; index++) {
    at = findPiece(text, at, pieces[index]);
    if (at < 0) return false;
  }
  return endsWith(text, at, pieces[last]);
}

/** The pattern with the usual escape of one with another; an empty escape: none. */
export function likeEscape(pattern: string, escaper: string): string {
  if (escaper === '\\') return pattern;
  const characters = [...escaper];
  if (characters.length > 1) throw invalidEscape();
  let result = '';
  let isEscaped = false;
  for (const character of pattern) {
    if (character === characters[0] && !isEscaped) {
      result += '\\';
      isEscaped = true;
      continue;
    }
    result += character === '\\' && !isEscaped ? '\\\\' : character;
    isEscaped = false;
  }
  return result;
}
export const invalidEscape = (): SqlError =>
  new SqlError(SQLSTATE.invalid_escape_sequence, 'invalid escape string', {
    hint: 'Escape string must be empty or one character.',
  });

/** The same over bytes: each is taken as a character. */
export function likeBytes(text: Uint8Array, pattern: Uint8Array): boolean {
  const read = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return like(read(text), read(pattern));
}

/** Primitives of regular expressions and SIMILAR TO (engine/sblr/primitives-text.ts). */

import { SqlError } from '../../shm/errors.ts';
import { badParameter } from './errors.ts';
import type { Implementation } from './functions.ts';
import { invalidEscape } from './like.ts';
import { compileRegex, matches, Matching, pointsOf } from './regex.ts';

/** Flags without `g`, which says how often, not how. */
function split(flags: string, allowsGlobal: boolean, name: string): { flags: string; isGlobal: boolean } {
  const isGlobal = flags.includes('g');
  if (isGlobal && !allowsGlobal) throw badParameter(`${name}() does not support the "global" option`);
  return { flags: flags.replaceAll('g', ''), isGlobal };
}

const textOf = (points: readonly number[], from: number, to: number): string => {
  let text = '';
  for (let at = from; at < to; at++) text += String.fromCodePoint(points[at]);
  return text;
};

/** All matches from `from` on, until `most` have been found: an empty one does not hold up the search. */
function allMatches(
  points: readonly number[],
  pattern: string,
  flags: string,
  from: number,
  most: number,
): (readonly number[])[] {
  const matching = new Matching(compileRegex(pattern, flags), points);
  const found: (readonly number[])[] = [];
  let at = from;
  while (at <= points.length && found.length < most) {
    const match = matching.next(at);
    if (match === null) break;
    found.push(match);
    at = match[1] > match[0] ? match[1] : match[1] + 1;
  }
  return found;
}

const TEMPLATE = /\\([1-9&\\])/g;

function expand(template: string, points: readonly number[], match: readonly number[]): string {
  return template.replace(TEMPLATE, (_, what: string) => {
    if (what === '\\') return '\\';
    const group = what === '&' ? 0 : Number(what);
    const start = match[group * 2] ?? -1;
    return start < 0 ? '' : textOf(points, start, match[group * 2 + 1]);
  });
}

/** The text between matches; one of no length at the end, or right behind another, parts nothing. */
export function splitByRegex(text: string, pattern: string, given: string): string[] {
  const { flags } = split(given, false, 'regexp_split_to_table');
  const points = pointsOf(text);
  const pieces: string[] = [];
  let from = 0;
  let before = 0;
  for (const [start, end] of allMatches(points, pattern, flags, 0, Infinity)) {
    const parts = start < points.length && end > before;
    before = end;
    if (!parts) continue;
    pieces.push(textOf(points, from, start));
    from = end;
  }
  pieces.push(textOf(points, from, points.length));
  return pieces;
}

/** occurrence 0: all of them. */
function replace(text: string, pattern: string, by: string, from: number, occurrence: number, flags: string): string {
  checkPositive(from, 'start', 1);
  checkPositive(occurrence, 'n', 0);
  const points = pointsOf(text);
  const found = allMatches(points, pattern, flags, from - 1, occurrence === 0 ? Infinity : occurrence);
  const chosen = occurrence === 0 ? found : found.slice(occurrence - 1, occurrence);
  let result = '';
  let at = 0;
  for (const match of chosen) {
    result += textOf(points, at, match[0]) + expand(by, points, match);
    at = match[1];
  }
  return at === 0 && chosen.length === 0 ? text : result + textOf(points, at, points.length);
}
function checkPositive(value: number, name: string, least: number): void {
  if (value < least) throw badParameter(`invalid value for parameter "${name}": ${value}`);
}
function replaceWithFlags(text: string, pattern: string, by: string, given: string): string {
  // Digits there are a start position whose type went astray.
  if (/^\d/.test(given)) {
    const hint = 'If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.';
    throw badParameter(`invalid regular expression option: "${given[0]}"`, hint);
  }
  const { flags, isGlobal } = split(given, true, 'regexp_replace');
  return replace(text, pattern, by, 1, isGlobal ? 0 : 1, flags);
}

function count(text: string, pattern: string, from = 1, given = ''): number {
  checkPositive(from, 'start', 1);
  const { flags } = split(given, false, 'regexp_count');
  return allMatches(pointsOf(text), pattern, flags, from - 1, Infinity).length;
}
function nth(
  text: string,
  pattern: string,
  from: number,
  occurrence: number,
  given: string,
  name: string,
): { points: readonly number[]; match: readonly number[] | undefined } {
  checkPositive(from, 'start', 1);
  checkPositive(occurrence, 'n', 1);
  const { flags } = split(given, false, name);
  const points = pointsOf(text);
  return { points, match: allMatches(points, pattern, flags, from - 1, occurrence)[occurrence - 1] };
}
function instr(text: string, pattern: string, from = 1, occurrence = 1, end = 0, flags = '', group = 0): number {
  if (end !== 0 && end !== 1) throw badParameter(`invalid value for parameter "endoption": ${end}`);
  checkPositive(group, 'subexpr', 0);
  const { match } = nth(text, pattern, from, occurrence, flags, 'regexp_instr');
  const place = match?.[group * 2 + end] ?? -1;
  return place < 0 ? 0 : place + 1;
}
function substr(text: string, pattern: string, from = 1, occurrence = 1, flags = '', group = 0): string | null {
  checkPositive(group, 'subexpr', 0);
  const { points, match } = nth(text, pattern, from, occurrence, flags, 'regexp_substr');
  const start = match?.[group * 2] ?? -1;
  return start < 0 || match === undefined ? null : textOf(points, start, match[group * 2 + 1]);
}

/** substring(text from pattern): the first group if there is one, else the whole. */
function substringMatch(text: string, pattern: string): string | null {
  const regex = compileRegex(pattern);
  const points = pointsOf(text);
  const match = new Matching(regex, points).next(0);
  if (match === null) return null;
  const at = regex.groups > 0 ? 2 : 0;
  return match[at] < 0 ? null : textOf(points, match[at], match[at + 1]);
}

const regexpLike = (text: string, pattern: string, given = ''): boolean =>
  matches(compileRegex(pattern, split(given, false, 'regexp_like').flags), text);

const manySeparators = (): SqlError =>
  new SqlError('2200C', 'SQL regular expression may not contain more than two escape-double-quote separators');

/** SIMILAR TO's pattern as a regular expression: % and _ as in LIKE, the rest but for . ^ $ as there; escaped quotes part it in three. */
export function similarPattern(pattern: string, escaper: string | null): string | null {
  if (escaper === null) return null;
  const characters = [...escaper];
  if (characters.length > 1) throw invalidEscape();
  let result = '^(?:';
  let inBracket = false;
  let afterEscape = false;
  let separators = 0;
  let classStart = 0;
  for (const character of pattern) {
    if (afterEscape) {
      if (character === '"' && !inBracket) {
        if (separators === 0) result += '){1,1}?(';
        else if (separators === 1) result += '){1,1}(?:';
        else throw manySeparators();
        separators++;
      } else result += `\\${character}`;
      afterEscape = false;
    } else if (character === characters[0]) afterEscape = true;
    else if (inBracket) {
      if (character === '\\') result += '\\';
      result += character;
      // A bracket that comes first, or behind ^, belongs to the set.
      if (character === ']' && classStart === 0) inBracket = false;
      else if (!(character === '^' && classStart === 1)) classStart = 0;
    } else if (character === '[') {
      result += character;
      inBracket = true;
      classStart = 1;
    } else if (character === '%') result += '.*';
    else if (character === '_') result += '.';
    else if (character === '(') result += '(?:';
    else result += '\\.^$'.includes(character) ? `\\${character}` : character;
  }
  return `${result})$`;
}

const similar = (text: string, pattern: string): boolean => matches(compileRegex(similarPattern(pattern, '\\') as string), text);

const table: { [primitive: string]: Implementation } = {
  'text.similarPattern': (pattern: string) => similarPattern(pattern, '\\'),
  'text.similarPattern.escape': (pattern: string | null, escaper: string | null) =>
    pattern === null ? null : similarPattern(pattern, escaper),
  'text.similar': similar,
  'text.substring.match': substringMatch,
  'text.substring.similar': (text: string, pattern: string, escaper: string) =>
    substringMatch(text, similarPattern(pattern, escaper) as string),
  'text.regexpReplace': (text: string, pattern: string, by: string) => replace(text, pattern, by, 1, 1, ''),
  'text.regexpReplace.flags': replaceWithFlags,
  'text.regexpReplace.from': (text: string, pattern: string, by: string, from: number) => replace(text, pattern, by, from, 1, ''),
  'text.regexpReplace.occurrence': (text: string, pattern: string, by: string, from: number, occurrence: number) =>
    replace(text, pattern, by, from, occurrence, ''),
  'text.regexpReplace.all': (text: string, pattern: string, by: string, from: number, occurrence: number, flags: string) =>
    replace(text, pattern, by, from, occurrence, split(flags, true, 'regexp_replace').flags),
  'text.regexpLike': regexpLike,
  'text.regexpLike.flags': regexpLike,
  'text.regexpCount': count,
  'text.regexpCount.from': count,
  'text.regexpCount.flags': count,
};
for (const suffix of ['', '.from', '.occurrence', '.end', '.flags', '.group']) {
  table[`text.regexpInstr${suffix}`] = instr;
  if (suffix !== '.end') table[`text.regexpSubstr${suffix}`] = substr;
}
for (const type of ['text', 'char']) {
  for (const [name, flags] of [
    ['atch', ''],
    ['atchInsensitive', 'i'],
  ]) {
    table[`${type}.m${name}`] = (text: string, pattern: string) => matches(compileRegex(pattern, flags), text);
    table[`${type}.notM${name}`] = (text: string, pattern: string) => !matches(compileRegex(pattern, flags), text);
  }
}

export const regexFunctions: { readonly [primitive: string]: Implementation } = table;

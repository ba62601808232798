/** Names that are chosen for the user, as PostgreSQL chooses them: t_pkey, t_a_b_key, t_a_idx, t_check, t_id_seq; then with a number. */

import type { SourceExpression } from '../sblr/source.gen.ts';

/** Bytes of a name, NAMEDATALEN - 1. */
export const NAME_BYTES_MAX = 63;

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');

/** The longest beginning of at most so many bytes; no character is cut. */
export function clipName(text: string, bytes = NAME_BYTES_MAX): string {
  if (bytesOf(text) <= bytes) return text;
  let clipped = '';
  let used = 0;
  for (const character of text) {
    used += bytesOf(character);
    if (used > bytes) break;
    clipped += character;
  }
  return clipped;
}

/** first_second_label, first and second shortened, the longer one first, until it fits. */
export function joinNames(first: string, second: string | null, label: string | null): string {
  const overhead = (label === null ? 0 : bytesOf(label) + 1) + (second === null ? 0 : 1);
  let firstBytes = bytesOf(first);
  let secondBytes = second === null ? 0 : bytesOf(second);
  while (firstBytes + secondBytes > NAME_BYTES_MAX - overhead) {
    if (firstBytes > secondBytes) firstBytes--;
    else secondBytes--;
  }
  const parts = [clipName(first, firstBytes)];
  if (second !== null) parts.push(clipName(second, secondBytes));
  if (label !== null) parts.push(label);
  return parts.join('_');
}

/** The first of the name, name1, name2, ... that is free. */
export function chooseName(first: string, second: string | null, label: string, isTaken: (name: string) => boolean): string {
  for (let number = 0; ; number++) {
    const name = joinNames(first, second, number === 0 ? label : `${label}${number}`);
    if (!isTaken(name)) return name;
  }
}

/** Names of an index's columns: one that comes again gets a number. */
export function indexColumnNames(columns: readonly string[]): string[] {
  const seen: string[] = [];
  for (const column of columns) {
    let name = column;
    for (let number = 1; seen.includes(name); number++) {
      const text = String(number);
      name = clipName(column, NAME_BYTES_MAX - text.length) + text;
    }
    seen.push(name);
  }
  return seen;
}

/** The middle part of an index's name. */
export function indexColumnsName(columns: readonly string[]): string {
  let joined = '';
  for (const name of indexColumnNames(columns)) {
    joined += joined === '' ? name : `_${name}`;
    if (bytesOf(joined) > NAME_BYTES_MAX) break;
  }
  return clipName(joined);
}

/** What an expression is called as a column of an index: a call's function, else expr. */
export function expressionName(source: SourceExpression): string {
  switch (source.op) {
    case 'call':
      return source.name.parts[source.name.parts.length - 1].toLowerCase();
    case 'special':
      return source.function;
    case 'cast':
      return expressionName(source.operand);
    default:
      return 'expr';
  }
}

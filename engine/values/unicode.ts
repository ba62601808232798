/** UNISTR, NORMALIZE, IS NORMALIZED. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { badParameter } from './errors.ts';

const ESCAPE = /\\(?:\\|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4}))?/g;
const FORMS = new Set(['NFC', 'NFD', 'NFKC', 'NFKD']);

const isHigh = (code: number): boolean => code >= 0xd800 && code < 0xdc00;
const isLow = (code: number): boolean => code >= 0xdc00 && code < 0xe000;
const badPair = (): SqlError => new SqlError(SQLSTATE.syntax_error, 'invalid Unicode surrogate pair');

/** Text with its Unicode escapes replaced. 42601; 22023 for what is no code point. */
export function unistr(text: string): string {
  // A pair is whole when its second half stands right behind the first.
  let open = -1;
  const replaced = text.replace(ESCAPE, (match: string, ...parts: (string | number | undefined)[]) => {
    if (match === '\\\\') return '\\';
    const digits = (parts[0] ?? parts[1] ?? parts[2] ?? parts[3]) as string | undefined;
    const at = parts[4] as number;
    if (digits === undefined)
      throw new SqlError(SQLSTATE.syntax_error, 'invalid Unicode escape', {
        hint: 'Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.',
      });
    const code = Number.parseInt(digits, 16);
    if (code === 0 || code > 0x10ffff) throw badParameter(`invalid Unicode code point: ${digits.toUpperCase().padStart(4, '0')}`);
    if (isLow(code) !== (open === at)) throw badPair();
    open = isHigh(code) ? at + match.length : -1;
    return isHigh(code) || isLow(code) ? String.fromCharCode(code) : String.fromCodePoint(code);
  });
  if (open >= 0 || !replaced.isWellFormed()) throw badPair();
  return replaced;
}

function formOf(name: string): string {
  const form = name.toUpperCase();
  if (!FORMS.has(form)) throw badParameter(`invalid normalization form: ${name}`);
  return form;
}

export const normalize = (text: string, form = 'NFC'): string => text.normalize(formOf(form));
export const isNormalized = (text: string, form = 'NFC'): boolean => text.normalize(formOf(form)) === text;

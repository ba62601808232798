/** Values in PostgreSQL's text form as JSON has them: numbers with all their digits, arrays as arrays. */

import { CommandError } from './command-error.ts';

const NUMBERS = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'oid']);

const raw = (text: string): unknown => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);

/** For JSON.stringify; 'NaN' and the infinities, which JSON has no number for, are texts. */
export function jsonOf(text: string | null, type: string): unknown {
  if (text === null) return null;
  if (type.endsWith('[]')) return arrayOf(text, type.slice(0, -2));
  if (type === 'bool') return text === 't';
  if (NUMBERS.has(type)) return /^-?\d/.test(text) ? raw(text) : text;
  // A number in it keeps its digits; blanks between values go.
  if (type === 'json' || type === 'jsonb') return JSON.parse(text, exactNumbers);
  return text;
}

const exactNumbers = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' && context?.source !== undefined ? raw(context.source) : value;

/** '{1,{2,NULL}}'. */
function arrayOf(text: string, type: string): unknown {
  // '[2:3]={...}': where its subscripts begin is nothing that JSON has.
  let at = text.indexOf('{');
  const list = (): unknown[] => {
    const values: unknown[] = [];
    at++;
    while (text[at] !== '}') {
      if (at >= text.length) throw new CommandError(`the array ${text} has no end`, 'report this: it is a fault of the server');
      if (text[at] === ',') at++;
      values.push(text[at] === '{' ? list() : element());
    }
    at++;
    return values;
  };
  const element = (): unknown => {
    if (text[at] === '"') {
      const found = /"((?:[^"\\]|\\.)*)"/sy;
      found.lastIndex = at;
      const [whole, inner] = found.exec(text) as RegExpExecArray;
      at += whole.length;
      return jsonOf(inner.replace(/\\(.)/gs, '$1'), type);
    }
    const start = at;
    while (at < text.length && text[at] !== ',' && text[at] !== '}') at++;
    const plain = text.slice(start, at);
    return jsonOf(plain === 'NULL' ? null : plain, type);
  };
  return at < 0 ? text : list();
}

/** PostgreSQL's number templates (9 0 . , D G S MI PL SG PR L V TH RN EEEE FM C), read into nodes and what follows from them. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';

export type Key =
  | '9'
  | '0'
  | '.'
  | 'D'
  | ','
  | 'G'
  | 'L'
  | 'S'
  | 'MI'
  | 'PL'
  | 'SG'
  | 'PR'
  | 'TH'
  | 'th'
  | 'RN'
  | 'rn'
  | 'V'
  | 'EEEE'
  | 'B'
  | 'FM';

export interface Template {
  readonly nodes: readonly { readonly key: Key | null; readonly text: string }[];
  pre: number;
  post: number;
  multi: number;
  /** Of the leading and last 0, counted over digits; 0: none. */
  zeroStart: number;
  zeroEnd: number;
  sign: 'none' | 'before' | 'after';
  preBeforeSign: number;
  hasZero: boolean;
  hasPoint: boolean;
  isFilled: boolean;
  hasMinus: boolean;
  hasPlus: boolean;
  hasBrackets: boolean;
  roman: 'none' | 'upper' | 'lower';
  isScientific: boolean;
}

const KEY = /^(EEEE|FM|MI|PL|SG|PR|TH|RN|[90.,DGLSVBC])/i;

const bad = (message: string): SqlError => new SqlError(SQLSTATE.syntax_error, message);

export function parseTemplate(format: string): Template {
  const nodes: { key: Key | null; text: string }[] = [];
  const template: Template = {
    nodes,
    pre: 0,
    post: 0,
    multi: 0,
    zeroStart: 0,
    zeroEnd: 0,
    sign: 'none',
    preBeforeSign: 0,
    hasZero: false,
    hasPoint: false,
    isFilled: false,
    hasMinus: false,
    hasPlus: false,
    hasBrackets: false,
    roman: 'none',
    isScientific: false,
  };
  let isMulti = false;
  for (let at = 0; at < format.length; ) {
    const match = KEY.exec(format.slice(at));
    if (match === null) {
      at = readLiteral(format, at, nodes);
      continue;
    }
    at += match[0].length;
    // A currency's letters were meant; nothing stands for them.
    if (/c/i.test(match[0])) continue;
    const key = (/^(th|rn)$/.test(match[0]) ? match[0] : match[0].toUpperCase()) as Key;
    if (key === 'V') {
      if (template.hasPoint) throw bad('cannot use "V" and decimal point together');
      isMulti = true;
    } else applyKey(template, key, isMulti);
    nodes.push({ key, text: match[0] });
  }
  return template;
}

/** Text in quotes, or one character. */
function readLiteral(format: string, at: number, nodes: { key: Key | null; text: string }[]): number {
  if (format[at] !== '"') {
    const from = format[at] === '\\' && format[at + 1] === '"' ? at + 1 : at;
    const text = String.fromCodePoint(format.codePointAt(from) as number);
    nodes.push({ key: null, text });
    return from + text.length;
  }
  const match = /^"((?:[^"\\]|\\[\s\S])*)"?/.exec(format.slice(at)) as RegExpExecArray;
  if (match[1] !== '') nodes.push({ key: null, text: match[1].replace(/\\([\s\S])/g, '$1') });
  return at + match[0].length;
}

function applyKey(template: Template, key: Key, isMulti: boolean): void {
  if (template.isScientific && key !== 'EEEE') throw bad('"EEEE" must be the last pattern used');
  switch (key) {
    case '9':
      if (template.hasBrackets) throw bad('"9" must be ahead of "PR"');
      if (isMulti) template.multi++;
      else if (template.hasPoint) template.post++;
      else template.pre++;
      return;
    case '0':
      if (template.hasBrackets) throw bad('"0" must be ahead of "PR"');
      if (!template.hasZero && !template.hasPoint) {
        template.hasZero = true;
        template.zeroStart = template.pre + 1;
      }
      if (template.hasPoint) template.post++;
      else template.pre++;
      template.zeroEnd = template.pre + template.post;
      return;
    case '.':
    case 'D':
      if (template.hasPoint) throw bad('multiple decimal points');
      if (isMulti) throw bad('cannot use "V" and decimal point together');
      template.hasPoint = true;
      return;
    case 'FM':
      template.isFilled = true;
      return;
    case 'S':
      if (template.sign !== 'none') throw bad('cannot use "S" twice');
      if (template.hasPlus || template.hasMinus || template.hasBrackets) {
        throw bad('cannot use "S" and "PL"/"MI"/"SG"/"PR" together');
      }
      template.sign = template.hasPoint ? 'after' : 'before';
      template.preBeforeSign = template.pre;
      return;
    case 'MI':
    case 'PL':
    case 'SG':
      if (template.sign !== 'none') throw bad(`cannot use "S" and "${key}" together`);
      if (key !== 'PL') template.hasMinus = true;
      if (key !== 'MI') template.hasPlus = true;
      return;
    case 'PR':
      if (template.sign !== 'none' || template.hasPlus || template.hasMinus)
        throw bad('cannot use "PR" and "S"/"PL"/"MI"/"SG" together');
      template.hasBrackets = true;
      return;
    case 'RN':
    case 'rn':
      template.roman = key === 'RN' ? 'upper' : 'lower';
      return;
    case 'EEEE':
      if (template.isScientific) throw bad('cannot use "EEEE" twice');
      if (
        template.isFilled ||
        template.sign !== 'none' ||
        template.hasBrackets ||
        template.hasMinus ||
        template.hasPlus ||
        isMulti
      ) {
        throw bad('"EEEE" is incompatible with other formats');
      }
      template.isScientific = true;
  }
}

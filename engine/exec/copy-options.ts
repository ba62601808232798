/** What the options of COPY say, checked as PostgreSQL does: 42601 for those that are twice or unknown, 22023 and 0A000 for their values. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { SourceStatement } from '../sblr/source.gen.ts';

export type SourceCopy = Extract<SourceStatement, { op: 'copy' }>;

export interface CopyOptions {
  readonly format: 'text' | 'csv' | 'binary';
  readonly delimiter: number;
  /** What stands for NULL. */
  readonly nil: string;
  /** 'match': the names are those of the columns. */
  readonly header: false | true | 'match';
  readonly quote: number;
  readonly escape: number;
  /** Names of columns; '*' for all. */
  readonly forceQuote: readonly string[];
  readonly forceNotNull: readonly string[];
  readonly forceNull: readonly string[];
  readonly encoding: BufferEncoding;
}

const KNOWN = 'format freeze delimiter null header quote escape force_quote force_not_null force_null encoding'.split(' ');

const fault = (code: string, message: string, position?: number): SqlError => new SqlError(code, message, { position });

/** Values by name; of lists of columns all of them. */
function given({ options }: SourceCopy): Map<string, (string | null)[]> {
  const all = new Map<string, (string | null)[]>();
  for (const { name, value, at } of options) {
    if (!KNOWN.includes(name)) throw fault(SQLSTATE.syntax_error, `option "${name}" not recognized`, at);
    const list = all.get(name) ?? [];
    if (list.length > 0 && !name.startsWith('force_')) throw fault(SQLSTATE.syntax_error, 'conflicting or redundant options', at);
    list.push(value === null ? null : value.op === 'constant' ? value.text : '');
    all.set(name, list);
  }
  return all;
}

const TRUE = ['true', 'on', '1'];
const FALSE = ['false', 'off', '0'];

function headerOf(value: string | null | undefined): CopyOptions['header'] {
  if (value === undefined) return false;
  const word = (value ?? 'true').toLowerCase();
  if (TRUE.includes(word)) return true;
  if (FALSE.includes(word)) return false;
  if (word === 'match') return 'match';
  throw fault(SQLSTATE.syntax_error, 'header requires a Boolean value or "match"');
}

/** One byte. */
function byteOf(what: string, text: string): number {
  if (Buffer.byteLength(text) !== 1)
    throw fault(SQLSTATE.feature_not_supported, `COPY ${what} must be a single one-byte character`);
  return text.charCodeAt(0);
}

const ENCODINGS: { readonly [name: string]: BufferEncoding } = {
  utf8: 'utf8',
  unicode: 'utf8',
  sqlascii: 'utf8',
  latin1: 'latin1',
  iso88591: 'latin1',
};

function encodingOf(value: string | null | undefined): BufferEncoding {
  if (value === undefined) return 'utf8';
  const found = ENCODINGS[(value ?? '').toLowerCase().replaceAll(/[^a-z0-9]/g, '')];
  if (found === undefined)
    throw fault(SQLSTATE.feature_not_supported, `COPY with the encoding "${value ?? ''}" is not supported`);
  return found;
}

export function copyOptions(statement: SourceCopy): CopyOptions {
  const all = given(statement);
  const one = (name: string): string | undefined => all.get(name)?.[0] ?? undefined;
  const format = (one('format') ?? 'text').toLowerCase();
  if (format !== 'text' && format !== 'csv' && format !== 'binary')
    throw fault(SQLSTATE.invalid_parameter_value, `COPY format "${format}" not recognized`);
  const isCsv = format === 'csv';
  const quote = byteOf('quote', one('quote') ?? '"');
  const options: CopyOptions = {
    format,
    delimiter: byteOf('delimiter', one('delimiter') ?? (isCsv ? ',' : '\t')),
    nil: one('null') ?? (isCsv ? '' : '\\N'),
    header: headerOf(all.has('header') ? all.get('header')?.[0] : undefined),
    quote,
    escape: all.has('escape') ? byteOf('escape', one('escape') ?? '') : quote,
    forceQuote: columnsOf(all.get('force_quote')),
    forceNotNull: columnsOf(all.get('force_not_null')),
    forceNull: columnsOf(all.get('force_null')),
    encoding: encodingOf(all.has('encoding') ? all.get('encoding')?.[0] : undefined),
  };
  check(options, all, statement);
  return options;
}

const columnsOf = (list: readonly (string | null)[] | undefined): string[] => (list ?? []).map((name) => name ?? '*');

/** What does not go together. */
function check(options: CopyOptions, all: ReadonlyMap<string, unknown>, { direction, where }: SourceCopy): void {
  const { format, delimiter, nil, quote } = options;
  const refuse = (code: string, message: string): never => {
    throw fault(code, message);
  };
  const syntax = SQLSTATE.syntax_error;
  if (format === 'binary') {
    for (const name of ['delimiter', 'null'])
      if (all.has(name)) refuse(syntax, `cannot specify ${name.toUpperCase()} in BINARY mode`);
    if (options.header !== false) refuse(SQLSTATE.feature_not_supported, 'cannot specify HEADER in BINARY mode');
  }
  if (format !== 'csv') {
    for (const name of ['quote', 'escape', 'force_quote', 'force_not_null', 'force_null'])
      if (all.has(name)) refuse(SQLSTATE.feature_not_supported, `COPY ${name.replaceAll('_', ' ')} available only in CSV mode`);
  }
  if (delimiter === 10 || delimiter === 13)
    refuse(SQLSTATE.invalid_parameter_value, 'COPY delimiter cannot be newline or carriage return');
  if (/[\r\n]/.test(nil))
    refuse(SQLSTATE.invalid_parameter_value, 'COPY null representation cannot use newline or carriage return');
  if (format === 'text' && /[\\.a-z0-9]/.test(String.fromCharCode(delimiter)))
    refuse(SQLSTATE.invalid_parameter_value, `COPY delimiter cannot be "${String.fromCharCode(delimiter)}"`);
  if (format === 'csv' && delimiter === quote)
    refuse(SQLSTATE.invalid_parameter_value, 'COPY delimiter and quote must be different');
  if (nil.includes(String.fromCharCode(delimiter)))
    refuse(SQLSTATE.invalid_parameter_value, 'COPY delimiter must not appear in the NULL specification');
  if (format === 'csv' && nil.includes(String.fromCharCode(quote)))
    refuse(SQLSTATE.invalid_parameter_value, 'CSV quote character must not appear in the NULL specification');
  if (direction === 'from' && all.has('force_quote'))
    refuse(SQLSTATE.feature_not_supported, 'COPY force quote only available using COPY TO');
  if (direction === 'to') {
    if (options.header === 'match') refuse(SQLSTATE.feature_not_supported, 'cannot use "match" with HEADER in COPY TO');
    for (const name of ['force_not_null', 'force_null'])
      if (all.has(name))
        refuse(SQLSTATE.feature_not_supported, `COPY ${name.replaceAll('_', ' ')} only available using COPY FROM`);
    if (all.has('freeze')) refuse(SQLSTATE.feature_not_supported, 'cannot use FREEZE in COPY TO');
    if (where !== null) refuse(SQLSTATE.syntax_error, 'WHERE clause not allowed with COPY TO');
  }
}

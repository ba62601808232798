/**
 * Settings of a session: which there are, what they may hold, and what they hold now. Names and values are those of PostgreSQL,
 * whose clients set them; SET LOCAL lasts to the end of the transaction, and a rollback takes SET back as well.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Domain, SettingFact } from '../catalog/session-facts.ts';
import { findZone } from '../values/time-zone.ts';

/** The value as it is kept, or null when it is refused. */
export interface Accept {
  (value: string): string | null;
  readonly domain?: Domain;
}

const taking = (domain: Domain, accept: (value: string) => string | null): Accept => Object.assign(accept, { domain });

export interface SettingRule {
  readonly name: string;
  readonly initial: string;
  readonly description: string;
  readonly accept: Accept;
  /** Part of the key of cached statements: its value changes what a text means. */
  readonly changesMeaning: boolean;
  readonly readOnly: boolean;
  /** Only superusers set it. */
  readonly forSuperusers: boolean;
  /** What a number counts; null: it has no unit. */
  readonly unit: 'ms' | 'kB' | null;
}

const asItIs = (value: string): string => value;

const TRUE = new Set(['on', 'true', 'yes', '1', 't', 'y']);
const FALSE = new Set(['off', 'false', 'no', '0', 'f', 'n']);

const boolean = taking({ kind: 'bool' }, (value) => {
  const word = value.trim().toLowerCase();
  if (TRUE.has(word)) return 'on';
  return FALSE.has(word) ? 'off' : null;
});

const oneOf = (...words: string[]): Accept =>
  taking({ kind: 'enum', words }, (value) => {
    const word = value.trim().toLowerCase();
    return words.includes(word) ? word : null;
  });

const UNITS: { readonly [unit: string]: number } = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds, as a number with or without a unit. */
const milliseconds = taking({ kind: 'integer', least: 0, greatest: 2_147_483_647 }, (value) => {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*$/.exec(value);
  if (match === null) return null;
  const time = Math.round(Number(match[1]) * UNITS[match[2] ?? 'ms']);
  return time > 2_147_483_647 ? null : String(time);
});

const SIZES: { readonly [unit: string]: number } = { B: 1 / 1024, kB: 1, MB: 1024, GB: 1024 * 1024, TB: 1024 ** 3 };

/** kB, as a number with or without a unit and a fraction: whole ones above. */
const kilobytes = taking({ kind: 'integer', least: 0, greatest: 2_147_483_647 }, (value) => {
  const match = /^\s*(\d+(?:\.\d*)?)\s*(B|kB|MB|GB|TB)?\s*$/.exec(value);
  return match === null ? null : String(Math.ceil(Number(match[1]) * SIZES[match[2] ?? 'kB']));
});

const integer = (least: number, greatest: number): Accept =>
  taking({ kind: 'integer', least, greatest }, (value) =>
    /^\s*-?\d+\s*$/.test(value) && Number(value) >= least && Number(value) <= greatest ? String(Number(value)) : null,
  );

const decimal = taking({ kind: 'real', least: 0 }, (value) => (/^\s*\d+(\.\d+)?\s*$/.test(value) ? String(Number(value)) : null));

/** What PostgreSQL knows and nothing here follows: refused, for a setting that is taken without effect answers wrongly. */
const withoutEffect = (name: string, value: string): SqlError =>
  new SqlError(SQLSTATE.feature_not_supported, `${name} = '${value}' is not supported`);

/** Takes the first of the words; the others are known and refused. 0A000 */
const onlyFirst = (name: string, ...words: string[]): Accept =>
  taking({ kind: 'enum', words: words.slice(0, 1) }, (value) => {
    const word = oneOf(...words)(value);
    if (word !== null && word !== words[0]) throw withoutEffect(name, word);
    return word;
  });

/** Encodings that PostgreSQL's clients may have; what they are told of one that is theirs and not this server's is that. */
const ENCODINGS = new Set(
  (
    'big5 eucjp eucjis2004 eucjisx0213 euccn euckr euctw gb18030 gbk iso88595 iso88596 iso88597 iso88598 johab koi8 koi8r koi8u latin1 ' +
    'latin2 latin3 latin4 latin5 latin6 latin7 latin8 latin9 latin10 iso88591 iso88592 iso88593 iso88594 iso88599 iso885910 iso885913 ' +
    'iso885914 iso885915 iso885916 muleinternal sjis shiftjis mskanji shiftjis2004 uhc win866 win874 win1250 win1251 win1252 win1253 ' +
    'win1254 win1255 win1256 win1257 win1258 windows1252 windows1251 abc tcvn vscii alt'
  ).split(' '),
);

/** UTF8, and SQL_ASCII: bytes as they are. Others are refused by name, 0A000. */
function encoding(value: string): string | null {
  const name = value.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (name === 'utf8' || name === 'unicode') return 'UTF8';
  if (name === 'sqlascii') return 'SQL_ASCII';
  if (!ENCODINGS.has(name)) return null;
  throw new SqlError(SQLSTATE.feature_not_supported, `conversion between ${value.trim()} and UTF8 is not supported`);
}

/** Hours east of Greenwich, as a number: the offset in POSIX form, which counts them westward. */
function numericZone(text: string): string | null {
  const seconds = Math.round(Number(text) * 3600);
  const magnitude = Math.abs(seconds);
  if (magnitude > 167 * 3600) return null;
  const two = (part: number): string => String(Math.floor(part)).padStart(2, '0');
  const rest =
    magnitude % 3600 === 0 ? '' : `:${two((magnitude % 3600) / 60)}${magnitude % 60 === 0 ? '' : `:${two(magnitude % 60)}`}`;
  const offset = `${two(magnitude / 3600)}${rest}`;
  return seconds < 0 ? `<-${offset}>+${offset}` : `<+${offset}>-${offset}`;
}

const timeZone = (value: string): string | null => {
  const name = value.trim();
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(name)) return numericZone(name);
  if (name.toLowerCase() === 'utc' || name.toLowerCase() === 'gmt') return name.toUpperCase();
  return findZone(name) === null ? null : name;
};

const ISOLATION = oneOf('serializable', 'repeatable read', 'read committed', 'read uncommitted');

function rule(
  name: string,
  initial: string,
  accept: SettingRule['accept'],
  description: string,
  options: { changesMeaning?: boolean; readOnly?: boolean; forSuperusers?: boolean; unit?: 'ms' | 'kB' } = {},
): SettingRule {
  return {
    name,
    initial,
    accept,
    description,
    changesMeaning: options.changesMeaning ?? false,
    readOnly: options.readOnly ?? false,
    forSuperusers: options.forSuperusers ?? false,
    unit: options.unit ?? null,
  };
}

const meaning = { changesMeaning: true };
const fixed = { readOnly: true };
const time = { unit: 'ms' } as const;
const size = { unit: 'kB' } as const;

const messages = oneOf('debug5', 'debug4', 'debug3', 'debug2', 'debug1', 'debug', 'log', 'notice', 'warning', 'error');

export const SETTINGS: readonly SettingRule[] = [
  rule('application_name', '', asItIs, 'the name of the program that uses the session'),
  rule('role', 'none', asItIs, 'the role whose rights count (SET ROLE)'),
  rule('session_authorization', 'default', asItIs, 'the role that the session counts as having been opened by'),
  rule('bytea_output', 'hex', onlyFirst('bytea_output', 'hex', 'escape'), 'how bytea is shown as text', meaning),
  rule('check_function_bodies', 'on', boolean, 'bodies of functions are looked at when they are made: they always are'),
  rule('client_encoding', 'UTF8', encoding, 'encoding of text'),
  rule('client_min_messages', 'notice', messages, 'least weight of messages that are sent'),
  rule('datestyle', 'ISO, MDY', dateStyle, 'how dates are read and shown', meaning),
  rule('default_table_access_method', 'heap', oneOf('heap'), 'how new tables are stored'),
  rule('default_tablespace', '', (value) => (value.trim() === '' ? '' : null), 'place of new tables: there is one'),
  rule('default_transaction_deferrable', 'off', boolean, 'new transactions are deferrable'),
  rule('default_transaction_isolation', 'read committed', ISOLATION, 'isolation of new transactions'),
  rule('default_transaction_read_only', 'off', boolean, 'new transactions only read'),
  rule(
    'extra_float_digits',
    '1',
    taking({ kind: 'integer', least: 1, greatest: 3 }, floatDigits),
    'digits of floats as text',
    meaning,
  ),
  rule(
    'idle_in_transaction_session_timeout',
    '0',
    milliseconds,
    'ends a session that leaves a transaction open, ms; 0: never',
    time,
  ),
  rule('integer_datetimes', 'on', boolean, 'times are integers', fixed),
  rule(
    'intervalstyle',
    'postgres',
    onlyFirst('intervalstyle', 'postgres', 'postgres_verbose', 'sql_standard', 'iso_8601'),
    'how intervals are shown',
    meaning,
  ),
  rule('lock_timeout', '0', milliseconds, 'longest wait for a lock, ms; 0: no limit', time),
  rule(
    'max_parallel_workers_per_gather',
    '-1',
    integer(-1, 1024),
    'threads that help with a statement; -1: cores less one',
    meaning,
  ),
  rule('parallel_setup_cost', '10000', decimal, 'what costs less is not spread over threads, in pages of a scan', meaning),
  rule('row_security', 'on', boolean, 'policies hide rows; off: what they would hide is an error', meaning),
  rule('search_path', '"$user", public', asItIs, 'schemas in which names are looked up', meaning),
  rule('server_encoding', 'UTF8', asItIs, 'encoding of the database', fixed),
  rule('server_version', '15.8', asItIs, 'version of PostgreSQL that this dialect follows', fixed),
  rule('server_version_num', '150008', asItIs, 'the same as a number', fixed),
  rule(
    'session_replication_role',
    'origin',
    oneOf('origin', 'replica', 'local'),
    'replica: foreign keys are not looked after, rows come from where they were',
    { changesMeaning: true, forSuperusers: true },
  ),
  rule('standard_conforming_strings', 'on', boolean, 'backslashes in strings are plain characters', meaning),
  rule('statement_timeout', '0', milliseconds, 'longest run of a statement, ms; 0: no limit', time),
  rule('synchronous_commit', 'on', oneOf('on', 'off', 'local', 'remote_write', 'remote_apply'), 'a commit waits for the disk'),
  rule('synchronize_seqscans', 'off', boolean, 'scans begin at the first page: nothing to be in step with'),
  rule('timezone', 'UTC', timeZone, 'time zone in which timestamps with time zone are read and shown', meaning),
  rule('transaction_isolation', 'read committed', ISOLATION, 'isolation of the running transaction'),
  rule('transaction_read_only', 'off', boolean, 'the running transaction only reads'),
  rule('work_mem', '65536', kilobytes, 'memory of one sort or hash before it spills, kB', size),
  rule('xmloption', 'content', oneOf('content', 'document'), 'what a text is read as that is to be XML'),
];

const TAKEN_STYLES = new Set(['ISO', 'MDY', 'US', 'NONEURO', 'NONEUROPEAN', 'DEFAULT']);
const OTHER_STYLES = new Set(['SQL', 'POSTGRES', 'GERMAN', 'DMY', 'EURO', 'EUROPEAN', 'YMD']);

function dateStyle(value: string): string | null {
  for (const word of value.split(',').map((part) => part.trim().toUpperCase())) {
    if (OTHER_STYLES.has(word)) throw withoutEffect('datestyle', value);
    if (!TAKEN_STYLES.has(word)) return null;
  }
  return 'ISO, MDY';
}

/** From 1 on the shortest text that reads back as the same float is shown; fewer digits are not. */
function floatDigits(value: string): string | null {
  const digits = integer(-15, 3)(value);
  if (digits !== null && Number(digits) < 1) throw withoutEffect('extra_float_digits', digits);
  return digits;
}

const rules = new Map(SETTINGS.map((one) => [one.name, one]));

/** The rule of a setting, its name in any case. 42704. */
export function settingRule(name: string): SettingRule {
  const found = rules.get(name.toLowerCase());
  if (found === undefined) {
    throw new SqlError(SQLSTATE.undefined_object, `unrecognized configuration parameter "${name}"`);
  }
  return found;
}

/** Whether only superusers may set it. */
export const isForSuperusers = (name: string): boolean => rules.get(name)?.forSuperusers === true;

const STRING: Domain = { kind: 'string' };

/** Names that are shown with capitals. */
const SHOWN_NAMES: { readonly [name: string]: string } = {
  datestyle: 'DateStyle',
  intervalstyle: 'IntervalStyle',
  timezone: 'TimeZone',
};
const shownName = (name: string): string => SHOWN_NAMES[name] ?? name;

interface Change {
  readonly name: string;
  readonly before: string | undefined;
  readonly local: boolean;
}

const LARGER: { readonly [unit in 'ms' | 'kB']: readonly (readonly [string, number])[] } = {
  ms: [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1000], ['ms', 1]], // biome-ignore format: a table
  kB: [['TB', 1024 ** 3], ['GB', 1024 ** 2], ['MB', 1024], ['kB', 1]], // biome-ignore format: a table
};

/** '5s' for 5000 milliseconds; 0 has no unit. */
function withUnit(value: string, unit: SettingRule['unit']): string {
  const number = Number(value);
  if (unit === null || number === 0) return value;
  const [name, count] = LARGER[unit].find(([, one]) => number % one === 0) ?? [unit, 1];
  return `${number / count}${name}`;
}

export interface TransactionDefaults {
  readonly isolation: string;
  readonly readOnly: boolean;
  readonly synchronous: boolean;
}

/** Values of one session. */
export class Settings {
  readonly #values = new Map<string, string>();
  /** What the running transaction has changed, oldest first. */
  #changes: Change[] = [];
  /** Text of those that change meaning: part of cache keys. */
  #key: string | null = null;
  /** Milliseconds, 0: no limit. Looked at once a statement. */
  statementTimeout = 0;
  /** Milliseconds, -1: no limit. Looked at by each wait. */
  lockTimeout = -1;
  #transactions: TransactionDefaults | null = null;
  /** Counts changes. */
  version = 0;

  /** What transactions begin with: looked at by each. */
  get transactions(): TransactionDefaults {
    this.#transactions ??= {
      isolation: this.get('default_transaction_isolation'),
      readOnly: this.get('default_transaction_read_only') === 'on',
      synchronous: this.get('synchronous_commit') !== 'off',
    };
    return this.#transactions;
  }

  /** The value as text. 42704. Names with a point are the program's own. */
  get(name: string): string {
    const folded = name.toLowerCase();
    const value = this.#values.get(folded);
    if (value !== undefined) return value;
    return settingRule(folded).initial;
  }

  /** The value as SHOW has it: numbers that count something with the largest unit that fits. 42704. */
  shown(name: string): string {
    return withUnit(this.get(name), rules.get(name.toLowerCase())?.unit ?? null);
  }

  /** The same, null when there is none. */
  shownOrNull(name: string): string | null {
    const folded = name.toLowerCase();
    return this.#values.has(folded) || rules.has(folded) ? this.shown(folded) : null;
  }

  /** Sets a value; null: the initial one. In a transaction it goes back with a rollback, `local` ones with any end. 22023, 55P02. */
  set(name: string, value: string | null, inTransaction: boolean, local = false): void {
    const folded = name.toLowerCase();
    const kept = value === null ? undefined : accepted(folded, value);
    if (value === null && !folded.includes('.')) settingRule(folded);
    if (inTransaction) this.#changes.push({ name: folded, before: this.#values.get(folded), local });
    else if (local) return;
    this.#put(folded, kept);
  }

  #put(name: string, value: string | undefined): void {
    if (value === undefined) this.#values.delete(name);
    else this.#values.set(name, value);
    this.version++;
    this.#key = null;
    this.#transactions = null;
    if (name === 'statement_timeout') this.statementTimeout = Number(this.get(name));
    if (name === 'lock_timeout') this.lockTimeout = Number(this.get(name)) || -1;
  }

  /** A place in the transaction's changes, for savepoints. */
  mark(): number {
    return this.#changes.length;
  }

  /** Takes back what came behind a mark; 0: all of the transaction. */
  rollback(mark = 0): void {
    while (this.#changes.length > mark) {
      const change = this.#changes.pop() as Change;
      this.#put(change.name, change.before);
    }
  }

  /** The transaction has committed: what was local goes back to what it was. */
  commit(): void {
    if (this.#changes.length === 0) return;
    for (const change of this.#changes.reverse()) if (change.local) this.#put(change.name, change.before);
    this.#changes = [];
  }

  /** What is not as at first, for adopt() of another session's. */
  get given(): (readonly [string, string])[] {
    return [...this.#values];
  }

  adopt(given: readonly (readonly [string, string])[]): void {
    for (const [name, value] of given) this.#put(name, value);
  }

  /** Equal keys read a text alike. */
  get key(): string {
    if (this.#key === null) {
      const own = [...this.#values].filter(([name]) => rules.get(name)?.changesMeaning === true);
      this.#key = own
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `${name}=${value}`)
        .join('\n');
    }
    return this.#key;
  }

  /** All, for SHOW ALL. */
  all(): { name: string; setting: string; description: string }[] {
    return SETTINGS.map(({ name, description }) => ({ name: shownName(name), setting: this.shown(name), description }));
  }

  /** All, and those that the program has made, for pg_settings. */
  *facts(): Iterable<SettingFact> {
    for (const { name, initial, description, accept, readOnly, unit } of SETTINGS) {
      const domain = accept.domain ?? STRING;
      const isSet = this.#values.has(name);
      yield { name: shownName(name), value: this.get(name), initial, description, domain, readOnly, unit, isSet };
    }
    for (const [name, value] of this.#values)
      if (name.includes('.'))
        yield { name, value, initial: '', description: '', domain: STRING, readOnly: false, unit: null, isSet: true };
  }
}

function accepted(name: string, value: string): string {
  if (name.includes('.')) return value;
  const known = settingRule(name);
  if (known.readOnly) {
    throw new SqlError('55P02', `parameter "${name}" cannot be changed`);
  }
  const kept = known.accept(value);
  if (kept === null) {
    throw new SqlError(SQLSTATE.invalid_parameter_value, `invalid value for parameter "${shownName(name)}": "${value}"`);
  }
  return kept;
}

/** Names of a search path, quotes taken off; "$user" stays. */
export function pathSchemas(path: string): string[] {
  return path
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase()));
}

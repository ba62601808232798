/**
 * System variables: which there are, what they are at first, and how they are read. They are settings of the session under names of their
 * own (`mysql.sql_mode`), so that the engine keeps them, and a new version of this plugin finds them.
 */

import { plainError } from '../../engine/sblr/parse-error.ts';
import type { SourceExpression } from '../../engine/sblr/source.gen.ts';
import type { SqlToken } from '../kit/token.ts';
import { callOf, castOf, textConstant } from './lower.ts';

export interface Variable {
  readonly name: string;
  readonly initial: string;
  readonly isNumber: boolean;
  /** What SET may give it; null: it is read only. Text of a number or of words, in any case. */
  readonly accepts: ((value: string) => string | null) | null;
}

/** Of the server that clients are to take this for; drivers choose their statements by it. */
export const SERVER_VERSION = '8.0.36-ScratchBird';

const text = (name: string, initial: string, accepts: Variable['accepts'] = null): Variable => ({
  ...{ name, initial, isNumber: false, accepts },
});
const number = (name: string, initial: string, accepts: Variable['accepts'] = null): Variable => ({
  ...{ name, initial, isNumber: true, accepts },
});

const oneOf =
  (...words: string[]) =>
  (value: string): string | null =>
    words.find((word) => word.toLowerCase() === value.toLowerCase()) ?? null;

const TRUE = new Set(['1', 'on', 'true']);
const FALSE = new Set(['0', 'off', 'false']);
const flag = (value: string): string | null => {
  const word = value.toLowerCase();
  return TRUE.has(word) ? '1' : FALSE.has(word) ? '0' : null;
};
/** A variable that has but one value here. */
const only =
  (initial: string) =>
  (value: string): string | null =>
    value.toLowerCase() === initial.toLowerCase() ? initial : null;
const whole = (value: string): string | null => (/^\d{1,15}$/.test(value) ? String(Number(value)) : null);

export const SQL_MODE =
  'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';

/** Modes that change nothing here, with those that always hold. Others are refused. */
const MODES = new Set([...SQL_MODE.split(','), 'NO_AUTO_CREATE_USER', 'STRICT_ALL_TABLES', 'NO_AUTO_VALUE_ON_ZERO']);

function mode(value: string): string | null {
  const words = value
    .toUpperCase()
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const always = SQL_MODE.split(',').slice(0, 2);
  if (!words.every((word) => MODES.has(word)) || !(words.includes(always[1]) || words.includes('STRICT_ALL_TABLES'))) return null;
  return words.join(',');
}

const CHARSET = 'utf8mb4';
export const COLLATION = 'utf8mb4_0900_bin';
const charset = oneOf(CHARSET);
const collation = oneOf(COLLATION);
const level = (value: string): string | null =>
  oneOf('READ-UNCOMMITTED', 'READ-COMMITTED', 'REPEATABLE-READ', 'SERIALIZABLE')(value.replaceAll(' ', '-'));

export const VARIABLES: readonly Variable[] = [
  number('autocommit', '1', flag),
  number('auto_increment_increment', '1', only('1')),
  number('auto_increment_offset', '1', only('1')),
  text('character_set_client', CHARSET, charset),
  text('character_set_connection', CHARSET, charset),
  text('character_set_database', CHARSET, charset),
  text('character_set_results', CHARSET, charset),
  text('character_set_server', CHARSET, charset),
  text('character_set_system', 'utf8mb3'),
  text('collation_connection', COLLATION, collation),
  text('collation_database', COLLATION, collation),
  text('collation_server', COLLATION, collation),
  text('default_storage_engine', 'ScratchBird'),
  number('foreign_key_checks', '1', only('1')),
  text('init_connect', ''),
  number('innodb_lock_wait_timeout', '50'),
  number('interactive_timeout', '28800', whole),
  text('license', 'MIT'),
  number('lower_case_table_names', '0'),
  number('max_allowed_packet', '67108864'),
  number('max_execution_time', '0', only('0')),
  number('net_buffer_length', '16384'),
  number('net_read_timeout', '30', whole),
  number('net_write_timeout', '60', whole),
  number('performance_schema', '0'),
  text('sql_mode', SQL_MODE, mode),
  number('sql_notes', '1', flag),
  number('sql_quote_show_create', '1', only('1')),
  number('sql_safe_updates', '0', only('0')),
  text('system_time_zone', 'UTC'),
  text('time_zone', '+00:00', oneOf('+00:00')),
  text('transaction_isolation', 'REPEATABLE-READ', level),
  number('transaction_read_only', '0', flag),
  text('tx_isolation', 'REPEATABLE-READ', level),
  number('tx_read_only', '0', flag),
  number('unique_checks', '1', only('1')),
  text('version', SERVER_VERSION),
  text('version_comment', 'ScratchBird'),
  text('version_compile_os', 'Linux'),
  number('wait_timeout', '28800', whole),
];

const BY_NAME = new Map(VARIABLES.map((variable) => [variable.name, variable]));
/** Other names of the same. */
const SAME: { readonly [name: string]: string } = {
  tx_isolation: 'transaction_isolation',
  tx_read_only: 'transaction_read_only',
};

/** The setting that keeps a variable. */
export const settingOf = ({ name }: Variable): string => `mysql.${SAME[name] ?? name}`;

/** What a session begins with: settings and values. */
export const INITIAL_SETTINGS: readonly (readonly [string, string])[] = VARIABLES.filter(({ name }) => !(name in SAME)).map(
  (variable) => [settingOf(variable), variable.initial] as const,
);

/** A variable by its name, perhaps with a scope in front. 1193 */
export function findVariable(written: string): Variable {
  const name = written.replace(/^(session|local|global)\./, '');
  const found = BY_NAME.get(name);
  if (found === undefined) throw plainError('42704', `Unknown system variable '${name}'`);
  return found;
}

/** The value of a variable, at a token. */
export function readVariable(variable: Variable, at: number): SourceExpression {
  const value = callOf(at, 'current_setting', [textConstant(at, settingOf(variable))]);
  return variable.isNumber ? castOf(at, value, 'bigint') : value;
}

/** @@name */
export const variableOf = ({ value, ordinal }: SqlToken): SourceExpression => readVariable(findVariable(value), ordinal);

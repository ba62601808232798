/** Errors of the engine as MySQL's clients know them: a number, an SQLSTATE, and MySQL's words where the engine says what they need. */

import type { WireError } from '../../../plugins/contract/connection.ts';

export interface MysqlError {
  readonly number: number;
  readonly state: string;
  readonly message: string;
}

type Words = (error: WireError, match: RegExpExecArray, database: string) => string;

interface Rule {
  readonly code: string;
  /** Of the engine's words; null: any. */
  readonly says: RegExp | null;
  readonly number: number;
  readonly state: string;
  readonly words: Words | null;
}

const rule = (code: string, number: number, state: string, says: RegExp | null = null, words: Words | null = null): Rule => ({
  ...{ code, says, number, state, words },
});

const missingKey = (detail: string | undefined): string =>
  /\)=\((.*)\) already exists/s.exec(detail ?? '')?.[1].replaceAll(', ', '-') ?? '';

const tableMissing: Words = (_, [, schema, table], database) => `Table '${schema ?? database}.${table}' doesn't exist`;
const NO_DATABASE: MysqlError = { number: 1046, state: '3D000', message: 'No database selected' };

/** The first that fits. */
const RULES: readonly Rule[] = [
  rule('42601', 1136, '21S01', /^INSERT has more/, () => "Column count doesn't match value count at row 1"),
  rule(
    '42601',
    1110,
    '42000',
    /^multiple assignments to same column "(.*)"/,
    (_, [, column]) => `Column '${column}' specified twice`,
  ),
  rule(
    '42601',
    1110,
    '42000',
    /^column "(.*)" specified more than once/,
    (_, [, column]) => `Column '${column}' specified twice`,
  ),
  rule('42601', 1065, '42000', /^Query was empty/),
  rule('42601', 1064, '42000'),
  rule('26000', 1243, 'HY000'),
  rule('0A000', 1235, '42000'),
  rule('42P01', 1146, '42S02', /relation "(?:([^"]*)\.)?([^".]*)" does not exist/, tableMissing),
  rule(
    '42P01',
    1054,
    '42S22',
    /FROM-clause entry for table "(.*)"/,
    (_, [, table]) => `Unknown column '${table}' in 'field list'`,
  ),
  rule('42P01', 1051, '42S02', /^table "(.*)" does not exist/, (_, [, table]) => `Unknown table '${table}'`),
  rule('42P07', 1061, '42000', /relation "[^".]*\.(.*)" already exists/, (_, [, key]) => `Duplicate key name '${key}'`),
  rule('42P07', 1050, '42S01', /relation "(.*)" already exists/, (_, [, table]) => `Table '${table}' already exists`),
  rule('42703', 1072, '42000', /^column "(.*)" named in key/, (_, [, column]) => `Key column '${column}' doesn't exist in table`),
  rule(
    '42703',
    1054,
    '42S22',
    /column "?([^"]*?)"? (?:of relation .*)?does not exist/,
    (_, [, column]) => `Unknown column '${column}' in 'field list'`,
  ),
  rule(
    '42702',
    1052,
    '23000',
    /reference "(.*)" is ambiguous/,
    (_, [, column]) => `Column '${column}' in field list is ambiguous`,
  ),
  rule('42701', 1060, '42S21', /^Duplicate column name/),
  rule('42701', 1110, '42000', /column "(.*)" specified/, (_, [, column]) => `Column '${column}' specified twice`),
  rule('42P16', 1068, '42000', null, () => 'Multiple primary key defined'),
  rule('42883', 1305, '42000', /function (\w+)\(/, (_, [, name]) => `FUNCTION ${name} does not exist`),
  rule('42803', 1140, '42000'),
  rule(
    '42704',
    1091,
    '42000',
    /^index "[^".]*\.(.*)" does not/,
    (_, [, key]) => `Can't DROP '${key}'; check that column/key exists`,
  ),
  rule('42704', 1193, 'HY000', /^Unknown system variable/),
  rule('22023', 1231, '42000', /^Variable/),
  rule('55P02', 1238, 'HY000', /^Variable/),
  rule('3F000', 1049, '42000', /"(.*)"/, (_, [, schema]) => `Unknown database '${schema}'`),
  rule('3D000', 1049, '42000', /^database "(.*)" does not/, (_, [, schema]) => `Unknown database '${schema}'`),
  rule('3D000', 1046, '3D000'),
  rule('42P06', 1007, 'HY000', /"(.*)"/, (_, [, schema]) => `Can't create database '${schema}'; database exists`),
  rule(
    '23505',
    1062,
    '23000',
    null,
    ({ constraint, detail }) => `Duplicate entry '${missingKey(detail)}' for key '${constraint ?? ''}'`,
  ),
  rule(
    '23502',
    1364,
    'HY000',
    /^column "(.*)" has no default/,
    (_, [, column]) => `Field '${column}' doesn't have a default value`,
  ),
  rule('23502', 1048, '23000', null, ({ column }) => `Column '${column ?? ''}' cannot be null`),
  rule('23503', 1451, '23000', /^update or delete/, () => 'Cannot delete or update a parent row: a foreign key constraint fails'),
  rule('23503', 1452, '23000', null, () => 'Cannot add or update a child row: a foreign key constraint fails'),
  rule('23514', 3819, 'HY000', null, ({ constraint }) => `Check constraint '${constraint ?? ''}' is violated.`),
  rule('22021', 1300, 'HY000'),
  rule('22001', 1406, '22001'),
  rule('22003', 1264, '22003'),
  rule('22007', 1292, '22007', /type (\w+): "(.*)"/s, (_, [, type, text]) => `Incorrect ${shownTime(type)} value: '${text}'`),
  rule('22008', 1292, '22007'),
  rule(
    '22P02',
    1366,
    'HY000',
    /type ([\w ]+): "(.*)"/s,
    (_, [, type, text]) => `Incorrect ${shownNumber(type)} value: '${text}'`,
  ),
  rule('21000', 1242, '21000', null, () => 'Subquery returns more than 1 row'),
  rule('28000', 1045, '28000'),
  rule('28P01', 1045, '28000'),
  rule('42501', 1142, '42000'),
  rule('25006', 1792, '25006', null, () => 'Cannot execute statement in a READ ONLY transaction.'),
  rule('3B001', 1305, '42000', /"(.*)"/, (_, [, name]) => `SAVEPOINT ${name} does not exist`),
  rule('40001', 1213, '40001', null, () => 'Deadlock found when trying to get lock; try restarting transaction'),
  rule('40P01', 1213, '40001', null, () => 'Deadlock found when trying to get lock; try restarting transaction'),
  rule('55P03', 1205, 'HY000', null, () => 'Lock wait timeout exceeded; try restarting transaction'),
  rule('57014', 1317, '70100', null, () => 'Query execution was interrupted'),
  rule('57P01', 1053, '08S01', null, () => 'Server shutdown in progress'),
  rule('57P03', 1053, '08S01', null, () => 'Server shutdown in progress'),
  rule('53300', 1040, '08004', null, () => 'Too many connections'),
  rule('53200', 1038, 'HY001'),
  rule('53400', 1461, '42000'),
  rule('54000', 1390, 'HY000', /too many placeholders$/),
  rule('54000', 1153, '08S01'),
  rule('54001', 1064, '42000'),
  rule('08P01', 1156, '08S01', /^Got packets out of order/),
  rule('08P01', 1835, 'HY000', null, () => 'Malformed communication packet.'),
];

const TIMES: { readonly [type: string]: string } = { timestamp: 'DATETIME', date: 'DATE', time: 'TIME' };
const shownTime = (type: string): string => TIMES[type] ?? type.toUpperCase();
const shownNumber = (type: string): string => (/int/.test(type) ? 'integer' : type === 'numeric' ? 'decimal' : type);

const BY_CODE = new Map<string, Rule[]>();
for (const one of RULES) BY_CODE.set(one.code, [...(BY_CODE.get(one.code) ?? []), one]);

const UNKNOWN = { number: 1105, state: 'HY000' };

/** Of what clients have written errors say no more than that, at the beginning and at the end. */
const HEAD_MAX = 400;
const TAIL_MAX = 100;
const short = (text: string): string =>
  text.length <= HEAD_MAX + TAIL_MAX ? text : `${text.slice(0, HEAD_MAX)}...${text.slice(-TAIL_MAX)}`;

/** `database`: the one that is used; empty: none. What it says is short, however long what a client has sent is. */
export function mysqlError(given: WireError, database: string): MysqlError {
  const { code, constraint, column } = given;
  const error: WireError = { code, constraint, column, message: short(given.message), detail: short(given.detail ?? '') };
  if (error.code === '42P01' && database === '' && /^relation "[^".]*" does/.test(error.message)) return NO_DATABASE;
  for (const { says, number, state, words } of BY_CODE.get(error.code) ?? []) {
    const match = says === null ? ([''] as unknown as RegExpExecArray) : says.exec(error.message);
    if (match !== null) return { number, state, message: words === null ? error.message : words(error, match, database) };
  }
  return { ...UNKNOWN, message: error.message };
}

/** Rows into a Parquet file, a row group at a time (hyparquet-writer writes it). */

import { statSync } from 'node:fs';
import type { SchemaElement } from 'hyparquet';
import { ParquetWriter } from 'hyparquet-writer';
import { fileWriter } from 'hyparquet-writer/src/node.js';
import { CommandError } from './command-error.ts';
import { copyRows } from './copy-rows.ts';
import { jsonOf } from './json-value.ts';
import type { Progress } from './progress.ts';
import type { Target, TargetColumn } from './target.ts';

const GROUP_ROWS = 100_000;
const DECIMAL_DIGITS = 38;

interface Column {
  readonly element: SchemaElement;
  readonly value: (text: string) => unknown;
}

const DAY = 86_400_000;

function microseconds(text: string, column: string): bigint {
  const found = /^(\d+)-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?(?:[+-]\d\d(?::\d\d)*)?( BC)?$/.exec(text);
  if (found === null) throw unwritable(column, text, 'no moment that Parquet can hold');
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', bc] = found;
  const date = new Date(0);
  date.setUTCFullYear(bc === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  return BigInt(date.getTime()) * 1000n + BigInt(fraction.padEnd(6, '0'));
}

function decimal(text: string, scale: number, column: string): bigint {
  const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (found === null) throw unwritable(column, text, 'no decimal');
  const [, sign, whole, fraction = ''] = found;
  if (fraction.length > scale && !/^0*$/.test(fraction.slice(scale)))
    throw unwritable(column, text, `more than the ${scale} digits behind the point that the first ${GROUP_ROWS} rows have`);
  const digits = whole + fraction.slice(0, scale).padEnd(scale, '0');
  if (digits.replace(/^0+/, '').length > DECIMAL_DIGITS) throw unwritable(column, text, `more than ${DECIMAL_DIGITS} digits`);
  return BigInt(sign + digits);
}

const unwritable = (column: string, text: string, why: string): CommandError =>
  new CommandError(`column "${column}" holds ${text}: ${why}`, 'cast it in a query: numeric(20, 4), text, double precision');

const int = (type: 'INT32' | 'INT64', more: Partial<SchemaElement> = {}): Partial<SchemaElement> => ({ type, ...more });
const bytes = (more: Partial<SchemaElement>): Partial<SchemaElement> => ({ type: 'BYTE_ARRAY', ...more });

/** `first`: values of the first rows, by which a numeric without a precision is known. */
function columnOf({ name, type, modifier }: TargetColumn, first: readonly (string | null)[]): Column {
  const is = (element: Partial<SchemaElement>, value: (text: string) => unknown): Column => ({
    element: { name, repetition_type: 'OPTIONAL', ...element } as SchemaElement,
    value,
  });
  if (type.endsWith('[]') || type === 'json' || type === 'jsonb') {
    const text = (value: string): string => (type.endsWith('[]') ? JSON.stringify(jsonOf(value, type)) : value);
    return is(bytes({ logical_type: { type: 'JSON' } }), (value) => Buffer.from(text(value)));
  }
  switch (type) {
    case 'bool':
      return is({ type: 'BOOLEAN' }, (text) => text === 't');
    case 'int2':
    case 'int4':
      return is(int('INT32'), Number);
    case 'int8':
    case 'oid':
      return is(int('INT64'), BigInt);
    case 'float4':
      return is({ type: 'FLOAT' }, Number);
    case 'float8':
      return is({ type: 'DOUBLE' }, Number);
    case 'numeric': {
      const [precision, scale] =
        modifier < 0 ? [DECIMAL_DIGITS, scaleOf(first)] : [((modifier - 4) >> 16) & 0xffff, (modifier - 4) & 0x7ff];
      if (precision > DECIMAL_DIGITS || scale > precision) return is(bytes({ converted_type: 'UTF8' }), (text) => text);
      return is(decimalElement(precision, scale), (text) => decimal(text, scale, name));
    }
    case 'bytea':
      return is(bytes({}), (text) => Buffer.from(text.slice(2), 'hex'));
    case 'date':
      return is(int('INT32', { converted_type: 'DATE' }), (text) => Number(microseconds(text, name) / 1000n) / DAY);
    case 'time':
      return is(int('INT64', { logical_type: { type: 'TIME', isAdjustedToUTC: false, unit: 'MICROS' } }), (text) =>
        microseconds(`1970-01-01 ${text}`, name),
      );
    case 'timestamp':
    case 'timestamptz': {
      const isAdjustedToUTC = type === 'timestamptz';
      return is(int('INT64', { logical_type: { type: 'TIMESTAMP', isAdjustedToUTC, unit: 'MICROS' } }), (text) =>
        microseconds(text, name),
      );
    }
    case 'uuid':
      return is({ type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } }, (text) => text);
    default:
      return is(bytes({ converted_type: 'UTF8' }), (text) => text);
  }
}

function decimalElement(precision: number, scale: number): Partial<SchemaElement> {
  const told = { converted_type: 'DECIMAL', precision, scale } as const;
  if (precision <= 9) return { type: 'INT32', ...told };
  if (precision <= 18) return { type: 'INT64', ...told };
  return { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, ...told };
}

const scaleOf = (texts: readonly (string | null)[]): number =>
  texts.reduce((most, text) => Math.max(most, text === null ? 0 : (/\.(\d+)$/.exec(text)?.[1].length ?? 0)), 0);

export async function writeParquet(
  target: Target,
  query: string,
  file: string,
  progress: Progress,
): Promise<{ rows: number; bytes: number }> {
  for (const setting of ["timezone to 'UTC'", "datestyle to 'ISO'", "bytea_output to 'hex'"]) await target.run(`set ${setting}`);
  const { columns: told } = await target.run(`select * from (${query}) q limit 0`);
  let writer: ParquetWriter | null = null;
  let columns: Column[] = [];
  let rows = 0;
  let group: (string | null)[][] = told.map(() => []);
  const flush = async (): Promise<void> => {
    columns = writer === null ? told.map((column, index) => columnOf(column, group[index])) : columns;
    writer ??= new ParquetWriter({
      writer: fileWriter(file),
      schema: [{ name: 'root', num_children: columns.length }, ...columns.map(({ element }) => element)],
      createdBy: 'scratchbird',
    });
    const columnData = columns.map(({ element: { name }, value }, index) => ({
      name,
      data: group[index].map((text) => (text === null ? null : value(text))),
    }));
    if (group[0]?.length > 0) await writer.write({ columnData, rowGroupSize: GROUP_ROWS });
    group = told.map(() => []);
  };
  for await (const row of copyRows(target.copyOut(`copy (${query}) to stdout`))) {
    for (let index = 0; index < row.length; index++) group[index].push(row[index]);
    if (++rows % GROUP_ROWS !== 0) continue;
    await flush();
    progress.tell(rows, 0);
  }
  await flush();
  await (writer as unknown as ParquetWriter).finish();
  return { rows, bytes: statSync(file).size };
}

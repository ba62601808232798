/** Parquet files, a row group at a time (hyparquet reads them; what it would round is taken as it lies there). */

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type FileMetaData, parquetMetadataAsync, parquetRead, type SchemaElement } from 'hyparquet';
import { asyncBufferFromFile } from 'hyparquet/src/node.js';
import { CommandError } from './command-error.ts';
import { CopyText, type ImportSource, type Input } from './import-source.ts';

type Parquet = Parameters<typeof parquetRead>[0];
type Column = { readonly name: string; readonly type: string; readonly text: (value: unknown) => string };

const inflated =
  (inflate: (input: Uint8Array) => Buffer) =>
  (input: Uint8Array): Uint8Array =>
    inflate(input);

const COMPRESSORS = {
  GZIP: inflated(gunzipSync),
  BROTLI: inflated(brotliDecompressSync),
  ZSTD: inflated(zstdDecompressSync),
} as NonNullable<Parquet['compressors']>;

const decoder = new TextDecoder();

/** '2024-02-29 12:34:56.789012' of microseconds since 1970. */
function timestampText(microseconds: bigint): string {
  const rest = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const date = new Date(Number((microseconds - rest) / 1000n));
  const year = date.getUTCFullYear();
  const day = date.toISOString().slice(-20, -14);
  const text = `${String(year < 1 ? 1 - year : year).padStart(4, '0')}${day} ${date.toISOString().slice(-13, -5)}`;
  return `${text}${rest === 0n ? '' : `.${String(rest).padStart(6, '0').replace(/0+$/, '')}`}${year < 1 ? ' BC' : ''}`;
}

const PARSERS: NonNullable<Parquet['parsers']> = {
  timestampFromMilliseconds: (millis) => timestampText(millis * 1000n),
  timestampFromMicroseconds: timestampText,
  timestampFromNanoseconds: (nanos) => timestampText(nanos / 1000n),
  dateFromDays: (days) => timestampText(BigInt(days) * 86_400_000_000n).replace(/ 00:00:00/, ''),
  jsonFromBytes: (bytes) => bytes && decoder.decode(bytes),
};

/** A decimal from its unscaled number, with all its digits. */
function decimalText(value: unknown, scale: number): string {
  const unscaled = value instanceof Uint8Array ? signedOf(value) : BigInt(value as number | bigint);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const signedOf = (bytes: Uint8Array): bigint =>
  bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));

const rawJson = (text: string): unknown => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
const plain = (value: unknown): string => (value instanceof Uint8Array ? decoder.decode(value) : String(value));
const hex = (value: unknown): string => `\\x${Buffer.from(value as Uint8Array).toString('hex')}`;
const jsonText = (value: unknown): string =>
  JSON.stringify(value, (_key, one) =>
    typeof one === 'bigint' ? rawJson(String(one)) : one instanceof Uint8Array ? hex(one) : one,
  );

function timeText(value: unknown, perSecond: bigint): string {
  const microseconds = (BigInt(value as bigint) * 1_000_000n) / perSecond;
  return timestampText(microseconds).slice(11);
}

/** The type that a column has here, and its values as texts. */
function columnOf(element: SchemaElement): Column {
  const { name, type, converted_type: converted, logical_type: logical, scale = 0, precision = 0 } = element;
  const is = (sql: string, text = plain): Column => ({ name, type: sql, text });
  const kind = logical?.type;
  if (element.num_children !== undefined && element.num_children > 0) return is('jsonb', jsonText);
  if (element.repetition_type === 'REPEATED') return is('jsonb', jsonText);
  if (converted === 'DECIMAL' || kind === 'DECIMAL')
    return is(`numeric(${precision},${scale})`, (value) => decimalText(value, scale));
  if (converted === 'JSON' || kind === 'JSON') return is('jsonb');
  if (converted === 'DATE' || kind === 'DATE') return is('date');
  if (converted === 'TIME_MILLIS') return is('time', (value) => timeText(value, 1000n));
  if (converted === 'TIME_MICROS') return is('time', (value) => timeText(value, 1_000_000n));
  if (logical?.type === 'TIME') {
    const perSecond = { MILLIS: 1000n, MICROS: 1_000_000n, NANOS: 1_000_000_000n }[logical.unit];
    return is('time', (value) => timeText(value, perSecond));
  }
  if (logical?.type === 'TIMESTAMP')
    return logical.isAdjustedToUTC ? is('timestamp with time zone', (value) => `${value}+00`) : is('timestamp');
  if (converted === 'TIMESTAMP_MILLIS' || converted === 'TIMESTAMP_MICROS')
    return is('timestamp with time zone', (value) => `${value}+00`);
  if (kind === 'UUID') return is('uuid');
  if (kind === 'FLOAT16') return is('real');
  if (converted === 'UTF8' || converted === 'ENUM' || kind === 'STRING' || kind === 'ENUM') return is('text');
  if (converted === 'UINT_64') return is('numeric(20)');
  if (converted === 'UINT_32') return is('bigint');
  if (converted === 'INT_8' || converted === 'INT_16' || converted === 'UINT_8') return is('smallint');
  switch (type) {
    case 'BOOLEAN':
      return is('boolean');
    case 'INT32':
      return is('integer');
    case 'INT64':
      return is('bigint');
    case 'INT96':
      return is('timestamp');
    case 'FLOAT':
      return is('real');
    case 'DOUBLE':
      return is('double precision');
    default:
      return is('bytea', hex);
  }
}

/** The elements at the top, without those below them. */
function topElements({ schema }: FileMetaData): SchemaElement[] {
  const found: SchemaElement[] = [];
  let at = 1;
  const skip = (): void => {
    const { num_children: children = 0 } = schema[at++];
    for (let child = 0; child < children; child++) skip();
  };
  while (at < schema.length) {
    found.push(schema[at]);
    skip();
  }
  return found;
}

/** Decimals are read as the numbers they are stored as: the library would make doubles of them. */
function unrounded(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element) => {
    if (element.converted_type !== 'DECIMAL' && element.logical_type?.type !== 'DECIMAL') return element;
    const { converted_type, logical_type, ...rest } = element;
    return rest;
  });
  return { ...metadata, schema };
}

export async function readParquet(input: Input): Promise<ImportSource> {
  if (input.name === 'the standard input')
    throw new CommandError('a Parquet file cannot be piped in: it is read from its end', 'name the file');
  const file = await asyncBufferFromFile(input.name);
  const told = await parquetMetadataAsync(file).catch((error: Error) => {
    throw new CommandError(`${input.name} is no Parquet file: ${error.message}`, 'name its format: --format csv, --format json');
  });
  const columns = topElements(told).map(columnOf);
  const metadata = unrounded(told);
  return {
    columns,
    copyOptions: '',
    async *rows(types) {
      const out = new CopyText();
      const taken = columns.filter((_, index) => types[index] !== null);
      let rowStart = 0;
      for (const group of metadata.row_groups) {
        const rowEnd = rowStart + Number(group.num_rows);
        const values = await readGroup({ file, metadata, rowStart, rowEnd });
        for (let row = 0; row < rowEnd - rowStart; row++) {
          out.row(taken.map(({ name, text }) => cell(values.get(name)?.[row], text)));
          if (out.isFull) yield out.take();
        }
        rowStart = rowEnd;
        input.done = Math.round((rowEnd / Number(metadata.num_rows)) * input.size);
      }
      if (!out.isEmpty) yield out.take();
    },
  };
}

const cell = (value: unknown, text: (value: unknown) => string): string | null =>
  value === null || value === undefined ? null : text(value);

/** All values of a row group, by column. */
async function readGroup(
  of: Pick<Parquet, 'file' | 'metadata' | 'rowStart' | 'rowEnd'>,
): Promise<Map<string, ArrayLike<unknown>>> {
  const chunks = new Map<string, { start: number; data: ArrayLike<unknown> }[]>();
  try {
    await parquetRead({
      ...of,
      utf8: false,
      parsers: PARSERS,
      compressors: COMPRESSORS,
      onChunk({ columnName, columnData, rowStart }) {
        const list = chunks.get(columnName) ?? [];
        list.push({ start: rowStart, data: columnData as ArrayLike<unknown> });
        chunks.set(columnName, list);
      },
    });
  } catch (error) {
    throw new CommandError(
      `the file cannot be read: ${(error as Error).message}`,
      'compressed by snappy, gzip, zstd or brotli it can be',
    );
  }
  const values = new Map<string, ArrayLike<unknown>>();
  for (const [name, list] of chunks) {
    list.sort((a, b) => a.start - b.start);
    values.set(name, list.length === 1 ? list[0].data : list.flatMap(({ data }) => Array.from(data)));
  }
  return values;
}

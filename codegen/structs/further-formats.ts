/**
 * What docs/formats.md says beyond the structures: page types, record types, and the drawings at the heads of files whose formats
 * are no fixed structures (payloads of log records, bitmaps, keys).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE_TYPES = 'engine/storage/page.layout.ts';
const RECORD_TYPES = 'engine/storage/log/records.ts';

/** Files whose head comment is part of the page, with its heading. */
const HEADS: readonly (readonly [path: string, heading: string])[] = [
  ['engine/storage/database-files.ts', 'Files of a database'],
  ['engine/storage/log/segments.ts', 'Log segments'],
  ['engine/storage/space/geometry.ts', 'Places in the data file, allocation pages'],
  ['engine/storage/space/free-classes.ts', 'Free-space pages'],
  ['engine/storage/space/heap-map-page.ts', 'Heap maps'],
  ['codegen/rows/key-codec.ts', 'Keys'],
  ['engine/storage/heap/heap-records.ts', 'Log records of heap pages'],
  ['engine/storage/btree/records.ts', 'Log records of the B+tree'],
  ['engine/storage/space/records.ts', 'Log records of free space'],
  ['engine/storage/overflow/overflow-records.ts', 'Log records of overflow chains'],
  ['engine/api/undo-other.ts', 'Log records of tables and indexes'],
];

const headOf = (text: string): string =>
  (/^\s*\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim();

const words = (name: string): string => name.toLowerCase().replaceAll('_', ' ');

function pageTypes(text: string): string[] {
  const rows = [...text.matchAll(/^export const PAGE_TYPE_(\w+) = (\d+);/gm)].filter(([, name]) => name !== 'MAX');
  if (rows.length === 0) return [];
  return [
    '## Page types',
    '',
    '| number | page |',
    '|---|---|',
    ...rows.map(([, name, number]) => `| ${number} | ${words(name)} |`),
    '',
  ];
}

function recordTypes(text: string): string[] {
  const body = /export const RECORD = \{([\s\S]*?)\n\} as const;/.exec(text)?.[1] ?? '';
  const rows = [...body.matchAll(/(?:\/\*\*\s*([^\n]*?)\s*\*\/\s*\n)?\s*(\w+): (\d+),/g)];
  if (rows.length === 0) return [];
  const lines = rows.map(([, doc, name, number]) => `| ${number} | ${name} | ${(doc ?? '').replaceAll('|', '\\|')} |`);
  return ['## Log record types', '', '| number | record | meaning |', '|---|---|---|', ...lines, ''];
}

/** The further sections, as lines; files that a project does not have are passed over. */
export function furtherFormats(root: string): string[] {
  const read = (path: string): string => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '');
  const heads = HEADS.flatMap(([path, heading]) => {
    const head = headOf(read(path));
    return head === '' ? [] : [`## ${heading}`, '', `From ${path}:`, '', '```text', head, '```', ''];
  });
  return [...pageTypes(read(PAGE_TYPES)), ...recordTypes(read(RECORD_TYPES)), ...heads];
}

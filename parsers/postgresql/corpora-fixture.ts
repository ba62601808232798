/**
 * Statements of the corpora that the project keeps beside its checkout: what tools send, and sqllogictest. Read there, never copied;
 * empty where they are absent, and tests say that they were skipped.
 */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const CORPORA = process.env.SCRATCHBIRD_CORPORA ?? join(import.meta.dirname, '../../../shared/corpora');

export interface CorpusStatement {
  readonly from: string;
  readonly text: string;
}

function filesUnder(folder: string, ending: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesUnder(path, ending) : path.endsWith(ending) ? [path] : []));
}

/** What 31 tools sent to PostgreSQL. */
export function introspection(): CorpusStatement[] {
  return filesUnder(join(CORPORA, 'introspection/postgresql'), '.sql').flatMap((path) =>
    readFileSync(path, 'utf8')
      .split(/^-- (?:@|===).*$/m)
      .map((text) => ({ from: path, text: text.trim() }))
      .filter(({ text }) => text !== ''),
  );
}

/** Every `step`th statement of sqllogictest that PostgreSQL is meant to understand. */
export function sqllogictest(step: number): CorpusStatement[] {
  let count = 0;
  return filesUnder(join(CORPORA, 'sqllogictest'), '.test').flatMap((path) =>
    readFileSync(path, 'utf8')
      .split(/\n\n+/)
      .map((record) => ({ from: path, text: statementOf(record) }))
      .filter(({ text }) => text !== '' && count++ % step === 0),
  );
}

/** The statement of a record, or nothing when it is for others or meant to fail. */
function statementOf(record: string): string {
  const lines = record.split('\n').filter((line) => !line.startsWith('#'));
  while (/^(?:skipif|onlyif)/.test(lines[0] ?? '')) {
    const [word, server] = lines[0].split(/\s+/);
    if ((word === 'skipif') === (server === 'postgresql')) return '';
    lines.shift();
  }
  if (!/^(?:statement ok|query)/.test(lines[0] ?? '')) return '';
  const end = lines.indexOf('----');
  return lines
    .slice(1, end < 0 ? undefined : end)
    .join('\n')
    .trim();
}

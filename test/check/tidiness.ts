/** What a reviewer would say again and again: leftover marks, files nobody uses, files that grow, paths of one machine. */
import { posix } from 'node:path';
import { findPaths, type ProjectFile, readText } from './project.ts';

const MARKS = new RegExp(`\\b(${['FIX' + 'ME', 'TO' + 'DO', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);
const MACHINE_PATH = /(?<![\w.])\/(work|root|home|Users)\/\w|\b[A-Z]:\\Users\\/;

/** Longer ones are cut up. Those that were longer when the rule came may shrink, not grow. */
const LINES_MAX = 600;
const LONGER: { readonly [path: string]: number } = {
  // Rows of PostgreSQL's catalogs, as they are.
  'engine/catalog/virtual/postgresql-routines.ts': 2200,
  'engine/catalog/virtual/postgresql-rows.ts': 1400,
};

/** Lines that a pattern finds, as 'path:line: text'. */
function findLines(path: string, text: string, pattern: RegExp): string[] {
  return text
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 100)}`] : []));
}

/** Leftover marks and paths of one machine, in source and prose. */
export function findLeftovers(files: readonly ProjectFile[]): string[] {
  const pages = findPaths([
    '*.md',
    '*.json',
    '.ci/*',
    'docs/**/*.md',
    '{shm,engine,codegen,parsers,plugins,bench,test}/**/*.{md,json,sql}',
  ]);
  const texts = [...files, ...pages.map((path) => ({ path, text: readText(path) }))];
  return texts.flatMap(({ path, text }) => [...findLines(path, text, MARKS), ...findLines(path, text, MACHINE_PATH)]);
}

/** Files longer than the limit, and limits that can be lowered. */
export function findLongFiles(files: readonly ProjectFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    if (path.endsWith('.gen.ts')) return [];
    const lines = text.split('\n').length;
    const limit = LONGER[path] ?? LINES_MAX;
    return lines > limit ? [`${path} has ${lines} lines, more than ${limit}`] : [];
  });
}

/** Scripts of package.json and .ci, tools that test/README.md names, and what a tool finds by its name. */
function entries(files: readonly ProjectFile[]): string[] {
  const named = [readText('package.json'), ...findPaths(['.ci/*', 'tsconfig*.json', 'test/README.md']).map(readText)].join('\n');
  const paths = files.map((file) => file.path);
  return paths.filter(
    (path) =>
      named.includes(path) || /\.(test|fuzz|bench|case|layout)\.ts$|\.d\.ts$/.test(path) || path === 'engine/api/kernel.ts',
  );
}

/** Files that no entry and no test reaches. A file is also used by a string that names it, such as a worker's URL. */
export function findDeadFiles(files: readonly ProjectFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const waiting = entries(files);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = byPath.get(path);
    if (file === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const one of file.imports) if (one.isProject) waiting.push(one.target);
    for (const [, name] of file.text.matchAll(/['"`]([\w./-]+\.ts)['"`]/g)) waiting.push(posix.join(posix.dirname(path), name));
  }
  return files.filter((file) => !reached.has(file.path)).map((file) => `${file.path} is reached from no entry and no test`);
}

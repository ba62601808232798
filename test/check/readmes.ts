/** Every path that a README or a page of docs/ names must exist: files move, and prose does not notice. */
import { posix } from 'node:path';
import { exists, findPaths, readText } from './project.ts';

/** A path from a top folder, or a bare file name with an extension of ours. */
const PATH =
  /(?<![\w/.:@*<>-])(?:\.?[\w-]+\/)*[\w.-]+\.(?:ts|md|json|sh)\b|(?<![\w/.:@*<>-])(?:shm|engine|codegen|parsers|plugins|bench|test|docs|\.ci)\/[\w./-]*/g;

/** Names of the user's own or of built files, which need not be there. */
const EXCEPTIONS = new Set(['package.json']);

/** Paths that a text names and that do not exist, seen from the folder of the text and from the root. */
export function findMissingPaths(folder: string, text: string): string[] {
  const missing = new Set<string>();
  for (const [match] of text.matchAll(PATH)) {
    const path = match.replace(/[./]+$/, '');
    if (EXCEPTIONS.has(path) || exists(path) || exists(posix.join(folder, path))) continue;
    missing.add(path);
  }
  return [...missing];
}

/** Written from the layouts' own comments, which name files of their folder. */
const GENERATED = 'docs/formats.md';

/** Broken paths in the READMEs and docs, one line each. */
export function findBrokenReadmes(): string[] {
  const pages = findPaths(['README.md', '{shm,engine,codegen,parsers,plugins,bench,test}/**/README.md', 'docs/**/*.md']);
  return pages
    .filter((page) => page !== GENERATED)
    .flatMap((page) =>
      findMissingPaths(posix.dirname(page), readText(page)).map((path) => `${page} names ${path}, which does not exist`),
    );
}

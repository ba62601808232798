/** The numbers of the design's rules that code cites, and the page that explains each in a line. */
import { type ProjectFile, readText } from './project.ts';

export const RULES_PAGE = 'docs/rules.md';

/** 'SM-L4'. A list such as 'SM-B2 to B4, W5' is seen as its first. */
const CITED = /\b(?:SM|TX|SBLR|AR)-[A-Z]\d{1,2}\b/g;

/** The rules that the page has, in its order. */
export function rulesOf(page: string): string[] {
  return [...page.matchAll(/^\| ((?:SM|TX|SBLR|AR)-[A-Z]\d{1,2}) \|/gm)].map(([, rule]) => rule);
}

/** Rules that source or README cites and the page does not have; rules that the page has twice. */
export function findUnknownRules(files: readonly Pick<ProjectFile, 'path' | 'text'>[], page = readText(RULES_PAGE)): string[] {
  const rules = rulesOf(page);
  const known = new Set(rules);
  const twice = rules.filter((rule, at) => rules.indexOf(rule) !== at);
  const unknown = files.flatMap(({ path, text }) =>
    [...new Set(text.match(CITED) ?? [])]
      .filter((rule) => !known.has(rule))
      .map((rule) => `${path} cites ${rule}, which ${RULES_PAGE} does not have`),
  );
  return [...twice.map((rule) => `${RULES_PAGE} has ${rule} twice`), ...unknown];
}

/** Patterns of names as psql has them: * for any characters, ? for one, quotes for what is meant as it is; maybe with a schema. */

import { literal } from './target.ts';

/** [schema, name], each as a regular expression; null: not said. */
function partsOf(pattern: string): [string | null, string] {
  const parts: string[] = [''];
  let isQuoted = false;
  for (const character of pattern) {
    const last = parts.length - 1;
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted) parts[last] += character.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    else if (character === '.') parts.push('');
    else if (character === '*') parts[last] += '.*';
    else if (character === '?') parts[last] += '.';
    else parts[last] += character.toLowerCase().replace(/[+^${}()|[\]\\]/g, '\\$&');
  }
  return parts.length > 1 ? [parts[parts.length - 2], parts[parts.length - 1]] : [null, parts[0]];
}

/** The condition of a pattern; without a schema what the search path shows. `visible`: the function that tells. */
export function matching(pattern: string, name: string, schema: string | null, visible: string | null): string {
  const [ofSchema, ofName] = pattern === '' ? [null, ''] : partsOf(pattern);
  const conditions = [];
  if (ofName !== '' && ofName !== '.*') conditions.push(`${name} ~ ${literal(`^(${ofName})$`)}`);
  if (ofSchema !== null && schema !== null) conditions.push(`${schema} ~ ${literal(`^(${ofSchema})$`)}`);
  else if (visible !== null) conditions.push(visible);
  return conditions.length === 0 ? 'true' : conditions.join(' and ');
}

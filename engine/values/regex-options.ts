/** Options of regular expressions: letters of a flags argument, or of `(?...)` at the start of a pattern. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { badParameter } from './errors.ts';

export interface RegexOptions {
  ignoreCase: boolean;
  /** ^ and $ match at lines' ends too. */
  lines: boolean;
  /** . and [^...] do not match a newline. */
  dotStopsAtNewline: boolean;
  literal: boolean;
  expanded: boolean;
}

const refused = (what: string): SqlError => new SqlError(SQLSTATE.feature_not_supported, `${what} are not supported`);

/** Options by the letters of a flags argument or of `(?...)` at the start. */
export function applyFlags(options: RegexOptions, flags: string): void {
  for (const flag of flags) {
    switch (flag) {
      case 'i':
        options.ignoreCase = true;
        break;
      case 'c':
        options.ignoreCase = false;
        break;
      case 'n':
      case 'm':
        options.lines = options.dotStopsAtNewline = true;
        break;
      case 's':
        options.lines = options.dotStopsAtNewline = false;
        break;
      case 'p':
        options.lines = false;
        options.dotStopsAtNewline = true;
        break;
      case 'w':
        options.lines = true;
        options.dotStopsAtNewline = false;
        break;
      case 'q':
        options.literal = true;
        break;
      case 'x':
        options.expanded = true;
        break;
      case 't':
      case 'e':
        break;
      case 'b':
        throw refused('basic regular expressions (option b)');
      default:
        throw badParameter(`invalid regular expression option: "${flag}"`);
    }
  }
}

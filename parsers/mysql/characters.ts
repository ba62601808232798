/** MySQL's characters: what names are made of, and operators. */

import { characterTable } from '../kit/characters.ts';

export const CHARACTERS = characterTable({
  blanks: ' \t\n\r\f\v',
  identifierStarts: '_$',
  identifierParts: '_$',
  operators: '!%&*+-/:<=>^|~',
});

/** Operators, the longest first. `->` and `->>` are refused by the grammar. */
export const OPERATORS = ['->>', '<=>', '->', ':=', '<<', '>>', '<=', '>=', '<>', '!=', '&&', '||'].concat(
  ...['!', '%', '&', '*', '+', '-', '/', '<', '=', '>', '^', '|', '~'].map((one) => [one]),
);

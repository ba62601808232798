/**
 * Names in signatures that stand for several types (PostgreSQL's documentation, 'Polymorphic Types'): what they are for given arguments.
 *
 *   anyelement anynonarray anyenum E   anyarray E[]   anyrange, anymultirange of E          all of one E
 *   anycompatible, anycompatiblenonarray C   anycompatiblearray C[]   anycompatiblerange    of one common type C
 */

import type { DialectSemantics } from '../../sblr/semantics.ts';
import {
  arrayOf,
  elementOf,
  isArrayType,
  isEnumType,
  isMultirangeType,
  isPolymorphic,
  isRangeType,
  multirangeOf,
  RANGE_SUBTYPES,
  rangeOfMultirange,
  type TypeName,
} from '../../sblr/types.ts';

/** May a value of the type stand where the name is? */
export function fitsPolymorphic(from: TypeName, name: TypeName): boolean {
  if (from === 'unknown') return true;
  switch (name) {
    case 'anyarray':
    case 'anycompatiblearray':
      return elementOf(from) !== null;
    case 'anynonarray':
    case 'anycompatiblenonarray':
      return !isArrayType(from);
    case 'anyenum':
      return isEnumType(from);
    case 'anyrange':
    case 'anycompatiblerange':
      return isRangeType(from);
    case 'anymultirange':
      return isMultirangeType(from);
    default:
      return true;
  }
}

/** Types in place of names. */
export interface Concrete {
  readonly types: readonly TypeName[];
  readonly result: TypeName;
}

/** What an argument says of the element; null: nothing. */
function elementSaid(name: TypeName, given: TypeName): TypeName | null {
  if (given === 'unknown') return null;
  if (name === 'anyarray' || name === 'anycompatiblearray') return elementOf(given);
  if (name === 'anyrange' || name === 'anycompatiblerange') return RANGE_SUBTYPES[given] ?? null;
  if (name === 'anymultirange') return RANGE_SUBTYPES[rangeOfMultirange(given) ?? ''] ?? null;
  return given;
}

const isCompatible = (name: TypeName): boolean => name.startsWith('anycompatible');
const isNamed = (name: TypeName): boolean => name !== 'any' && isPolymorphic(name);

/** The range that arguments say, where the element alone does not: of two ranges with one subtype. */
function rangeSaid(names: readonly TypeName[], given: readonly TypeName[]): TypeName | null {
  for (const [index, name] of names.entries()) {
    if (given[index] === 'unknown') continue;
    if (name === 'anyrange' || name === 'anycompatiblerange') return given[index];
    if (name === 'anymultirange') return rangeOfMultirange(given[index]);
  }
  return null;
}

/**
 * The types that a signature's names stand for; null: the arguments do not go together, or say nothing. `common` finds the common type
 * of several; it is asked for anycompatible.
 */
export function concretize(
  names: readonly TypeName[],
  result: TypeName,
  given: readonly TypeName[],
  common: (types: readonly TypeName[], semantics: DialectSemantics) => TypeName | null,
  semantics: DialectSemantics,
): Concrete | null {
  if (!names.some(isNamed)) return { types: names, result };
  const said = { plain: [] as TypeName[], compatible: [] as TypeName[] };
  for (const [index, name] of names.entries()) {
    if (!isNamed(name)) continue;
    const element = elementSaid(name, given[index]);
    if (element !== null) said[isCompatible(name) ? 'compatible' : 'plain'].push(element);
  }
  const [plain] = said.plain;
  if (said.plain.some((one) => one !== plain)) return null;
  const compatible = said.compatible.length === 0 ? undefined : common(said.compatible, semantics);
  if (compatible === null) return null;
  const range = rangeSaid(names, given);
  const text = semantics.unknownBecomes;
  const of = (name: TypeName): TypeName | null => {
    if (!isNamed(name)) return name;
    // Of nothing but unknown ones anycompatible is text.
    const element = isCompatible(name) ? (compatible ?? text) : plain;
    switch (name) {
      case 'anyarray':
      case 'anycompatiblearray':
        return element === undefined ? null : arrayOf(element);
      case 'anyrange':
      case 'anycompatiblerange':
        return range;
      case 'anymultirange':
        return range === null ? null : multirangeOf(range);
      case 'anynonarray':
      case 'anycompatiblenonarray':
        return element === undefined || isArrayType(element) ? null : element;
      case 'anyenum':
        return element === undefined || !isEnumType(element) ? null : element;
      default:
        return element ?? null;
    }
  };
  const types = names.map((name, index) => {
    const type = of(name);
    // A vector is taken as it is.
    return type !== null && name === 'anyarray' && !isArrayType(given[index]) && elementOf(given[index]) !== null
      ? given[index]
      : type;
  });
  const answer = of(result);
  if (answer === null || types.includes(null)) return null;
  return { types: types as TypeName[], result: answer };
}

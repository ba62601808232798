/** Errors of values that are raised in more than one place, worded as PostgreSQL words them. None has a position: the caller adds it. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';

export const outOfRange = (type: string): SqlError => new SqlError(SQLSTATE.numeric_value_out_of_range, `${type} out of range`);
export const divisionByZero = (): SqlError => new SqlError(SQLSTATE.division_by_zero, 'division by zero');
export const badSyntax = (type: string, text: string): SqlError =>
  new SqlError(SQLSTATE.invalid_text_representation, `invalid input syntax for type ${type}: "${text}"`);
export const textOutOfRange = (type: string, text: string): SqlError =>
  new SqlError(SQLSTATE.numeric_value_out_of_range, `value "${text}" is out of range for type ${type}`);
export const badParameter = (message: string, hint?: string): SqlError =>
  new SqlError(SQLSTATE.invalid_parameter_value, message, { hint });
export const unsupportedValue = (message: string): SqlError => new SqlError(SQLSTATE.feature_not_supported, message);
export const tooLarge = (): SqlError => new SqlError(SQLSTATE.program_limit_exceeded, 'requested length too large');

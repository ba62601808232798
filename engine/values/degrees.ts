/** Trigonometry in degrees: exact where the angle is (sind(30) = 0.5), as PostgreSQL's float.c does it. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';

const RADIANS = 0.017453292519943295;
const SIN_30 = Math.sin(30 * RADIANS);
const ONE_MINUS_COS_60 = 1 - Math.cos(60 * RADIANS);
const ASIN_HALF = Math.asin(0.5);
const ACOS_HALF = Math.acos(0.5);
const ATAN_1 = Math.atan(1);

const sinTo30 = (x: number): number => Math.sin(x * RADIANS) / SIN_30 / 2;
const cosTo60 = (x: number): number => 1 - (1 - Math.cos(x * RADIANS)) / ONE_MINUS_COS_60 / 2;
/** For 0 to 90 degrees. */
const sinQuadrant = (x: number): number => (x <= 30 ? sinTo30(x) : cosTo60(90 - x));
const cosQuadrant = (x: number): number => (x <= 60 ? cosTo60(x) : sinTo30(90 - x));
const TAN_45 = sinQuadrant(45) / cosQuadrant(45);
const COT_45 = cosQuadrant(45) / sinQuadrant(45);

const outside = (): SqlError => new SqlError(SQLSTATE.numeric_value_out_of_range, 'input is out of range');

/** The angle of the first quadrant that has the value of `x`, but for its sign: `signs` says in which half circles it is negative. */
function reduced(
  x: number,
  signs: { readonly below0: number; readonly above180: number; readonly above90: number },
): [number, number] {
  if (x === Infinity || x === -Infinity) throw outside();
  let angle = x % 360;
  let sign = 1;
  if (angle < 0) {
    angle = -angle;
    sign *= signs.below0;
  }
  if (angle > 180) {
    angle = 360 - angle;
    sign *= signs.above180;
  }
  if (angle > 90) {
    angle = 180 - angle;
    sign *= signs.above90;
  }
  return [angle, sign];
}

export function sind(x: number): number {
  const [angle, sign] = reduced(x, { below0: -1, above180: -1, above90: 1 });
  return sign * sinQuadrant(angle);
}

export function cosd(x: number): number {
  const [angle, sign] = reduced(x, { below0: 1, above180: 1, above90: -1 });
  return sign * cosQuadrant(angle);
}

const ODD = { below0: -1, above180: -1, above90: -1 };

export function tand(x: number): number {
  const [angle, sign] = reduced(x, ODD);
  // No negative zero.
  return sign * (sinQuadrant(angle) / cosQuadrant(angle) / TAN_45) + 0;
}

export function cotd(x: number): number {
  const [angle, sign] = reduced(x, ODD);
  return sign * (cosQuadrant(angle) / sinQuadrant(angle) / COT_45) + 0;
}

const asinQuadrant = (x: number): number => (x <= 0.5 ? (Math.asin(x) / ASIN_HALF) * 30 : 90 - (Math.acos(x) / ACOS_HALF) * 60);
const acosQuadrant = (x: number): number => (x <= 0.5 ? 90 - (Math.asin(x) / ASIN_HALF) * 30 : (Math.acos(x) / ACOS_HALF) * 60);

export function asind(x: number): number {
  if (x < -1 || x > 1) throw outside();
  return x >= 0 ? asinQuadrant(x) : -asinQuadrant(-x);
}

export function acosd(x: number): number {
  if (x < -1 || x > 1) throw outside();
  return x >= 0 ? acosQuadrant(x) : 90 + asinQuadrant(-x);
}

export const atand = (x: number): number => (Math.atan(x) / ATAN_1) * 45;
export const atan2d = (y: number, x: number): number => (Math.atan2(y, x) / ATAN_1) * 45;

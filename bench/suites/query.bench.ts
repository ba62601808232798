/** What rich queries must show: TPC-H, joins, orders and windows over a million rows, beside better-sqlite3 and PostgreSQL. */
import type { Measure } from '../harness/measure.ts';
import { planningMeasures } from './query/planning.ts';
import { planQualityMeasures } from './query/plan-quality.ts';
import { singleMeasures } from './query/single.ts';
import { tpchMeasures } from './query/tpch-measures.ts';

const measures: readonly Measure[] = [...singleMeasures, ...planningMeasures, ...planQualityMeasures, ...tpchMeasures];
export default measures;

/** Where a query thread begins (query-loop.ts). */

import { runQueries } from './query-loop.ts';

runQueries();

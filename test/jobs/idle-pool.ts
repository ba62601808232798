/** A program that starts a pool, waits until its threads run, and has nothing else to do. */
import { poolThreads } from '../../engine/jobs/jobs.ts';
import { createPool, startPool } from '../../engine/jobs/pool.ts';
import { jobsMemory, jobsOf, poolOptions } from './bodies.ts';

const shm = jobsMemory();
const jobs = jobsOf(shm);
const pool = createPool(jobs, poolOptions(shm, 2));
startPool(pool);
startPool(pool);
const look = setInterval(() => {
  if (poolThreads(jobs) < 2) return;
  clearInterval(look);
  console.log('the pool runs');
}, 5);

// Threads that help the kernel of the test's own thread, as a pool's helpers do.
import { createTeam as create } from '../scripts/team.mjs';
import { exchange, imports } from '../src/kernel/load.js';
import { compileShared, sharedMemory } from '../src/kernel/shared.js';

/** So many threads, this one included. */
export async function createTeam(threads: number) {
  return create({ exchange, imports, sharedMemory }, (await compileShared())!, threads);
}

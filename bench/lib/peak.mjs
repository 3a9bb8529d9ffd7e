// Preloaded into a process under measurement: as it ends, its largest resident size in bytes goes to file descriptor 3.
// Linux counts what the parent held when it forked as the child's maxRSS, too; VmHWM begins with the program itself.
import { readFileSync, writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

function peak() {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))[1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}

if (isMainThread) process.on('exit', () => writeSync(3, String(peak() * 1024)));

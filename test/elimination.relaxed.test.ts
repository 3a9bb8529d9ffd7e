// Full rank by elimination on the relaxed build.
import { runsOn } from './builds.js';
import './suites/elimination.js';

runsOn('relaxed');

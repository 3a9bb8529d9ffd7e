// Full rank by elimination on the baseline build.
import { runsOn } from './builds.js';
import './suites/elimination.js';

runsOn('baseline');

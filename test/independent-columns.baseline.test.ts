// Independent columns, and what else strong rank-revealing QR chooses, on the baseline build.
import { runsOn } from './builds.js';
import './suites/independent-columns.js';

runsOn('baseline');

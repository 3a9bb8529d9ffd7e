// What holds for every matrix on the baseline build.
import { runsOn } from './builds.js';
import './suites/properties.js';

runsOn('baseline');

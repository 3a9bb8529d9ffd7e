// What is refused, on the baseline build.
import { runsOn } from './builds.js';
import './suites/errors.js';

runsOn('baseline');

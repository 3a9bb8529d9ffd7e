// Families of matrices on the baseline build.
import { runsOn } from './builds.js';
import './suites/families.js';

runsOn('baseline');

// Singular values, and plain matrices, on the baseline build.
import { runsOn } from './builds.js';
import './suites/spectrum.js';

runsOn('baseline');

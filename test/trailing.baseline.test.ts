// Spectra without a gap on the baseline build.
import { runsOn } from './builds.js';
import './suites/trailing.js';

runsOn('baseline');

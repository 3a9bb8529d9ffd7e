// The kernel's routines on the baseline build.
import { runsOn } from './builds.js';
import './kernel/suite.js';

runsOn('baseline');

// The oracle on the baseline build.
import { runsOn } from './builds.js';
import './oracle/suite.js';

runsOn('baseline');

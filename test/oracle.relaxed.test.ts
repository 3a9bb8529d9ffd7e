// The oracle on the relaxed build.
import { runsOn } from './builds.js';
import './oracle/suite.js';

runsOn('relaxed');

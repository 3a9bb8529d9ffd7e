// Certificates on the baseline build.
import './tiny.js';

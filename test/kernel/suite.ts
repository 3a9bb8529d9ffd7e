// Every inner routine of the kernel on its own, against plain loops.
import './products.js';
import './factors.js';
import './spectra.js';
import './blocks.js';
